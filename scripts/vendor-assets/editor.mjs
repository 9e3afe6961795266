// The source editor of templates: CodeMirror over each text area of class "source". The text area stays
// what the form sends; without script it is the editor.
import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { html } from '@codemirror/lang-html';
import { HighlightStyle, bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState, RangeSetBuilder } from '@codemirror/state';
import {
  Decoration, EditorView, MatchDecorator, ViewPlugin, drawSelection, highlightActiveLine, keymap, lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';

// Colours are the page's own, light and dark: custom properties reach into the shadow tree.
const colours = HighlightStyle.define([
  { tag: tags.tagName, color: 'var(--link)' },
  { tag: tags.attributeName, color: 'var(--warn)' },
  { tag: [tags.attributeValue, tags.string], color: 'var(--good)' },
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
  { tag: tags.angleBracket, color: 'var(--soft)' },
]);

const theme = EditorView.theme({
  '&': {
    border: '1px solid var(--soft)', borderRadius: '7px', background: 'var(--paper)', color: 'var(--ink)',
    fontSize: '.88rem', maxHeight: '34rem',
  },
  '&.cm-focused': { outline: '3px solid var(--link)', outlineOffset: '2px' },
  '.cm-scroller': { fontFamily: 'ui-monospace, "DejaVu Sans Mono", monospace', lineHeight: '1.5' },
  '.cm-content': { minHeight: '7rem', caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { background: 'var(--ground)', color: 'var(--soft)', borderColor: 'var(--line)' },
  '.cm-activeLine': { background: 'transparent', boxShadow: 'inset 0 0 0 1px var(--line)' },
  '.cm-activeLineGutter': { background: 'var(--line)' },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': { background: 'var(--line) !important' },
  '.cm-field': { color: 'var(--bad)', fontWeight: '600' },
  '.cm-tooltip': { background: 'var(--paper)', color: 'var(--ink)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { background: 'var(--brand)', color: 'var(--brand-ink)' },
});

const expressions = new MatchDecorator({
  regexp: /\{\{[^}]*\}?\}\}/g,
  decoration: Decoration.mark({ class: 'cm-field' }),
});
const fields = ViewPlugin.fromClass(class {
  constructor(view) { this.decorations = expressions.createDeco(view); }
  update(update) { this.decorations = expressions.updateDeco(update, this.decorations); }
}, { decorations: (plugin) => plugin.decorations });

// Each line runs in the direction of its own words.
const auto = Decoration.line({ attributes: { dir: 'auto' } });
const lines = (view) => {
  const builder = new RangeSetBuilder();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to;) {
      const line = view.state.doc.lineAt(at);
      builder.add(line.from, line.from, auto);
      at = line.to + 1;
    }
  }
  return builder.finish();
};
const directions = ViewPlugin.fromClass(class {
  constructor(view) { this.decorations = lines(view); }
  update(update) {
    if (update.docChanged || update.viewportChanged) this.decorations = lines(update.view);
  }
}, { decorations: (plugin) => plugin.decorations });

// The fields texts may use, as the page names them.
const known = () => JSON.parse(document.getElementById('editor')?.dataset.fields || '[]');
const complete = (options) => (context) => {
  const typed = context.matchBefore(/\{\{[#/]?[\w. ]*$/);
  if (!typed) return null;
  const word = context.matchBefore(/[\w.]*$/);
  return { from: word.from, options, validFor: /^[\w.]*$/ };
};
const options = () => [
  ...known().map(([name, label]) => ({ label: name, detail: label, type: 'variable' })),
  ...['if', 'unless', 'else', 'date', 'url', 'part', 'tel'].map((label) => ({ label, type: 'keyword' })),
];

const views = new Map();

function mount(area) {
  if (area.dataset.mounted) return;
  area.dataset.mounted = 'true';
  const label = area.closest('label');
  const host = document.createElement('div');
  host.className = 'source-host';
  host.dataset.of = area.id;
  (label ?? area).after(host);
  // In a tree of its own the styles are constructed, so that the policy for styles stays strict.
  const root = host.attachShadow({ mode: 'open' });
  const isMarkup = area.id.endsWith('mjml') || area.id.endsWith('markup') || area.id.endsWith('source');
  const view = new EditorView({
    root,
    parent: root,
    doc: area.value,
    extensions: [
      lineNumbers(), history(), drawSelection(), bracketMatching(), highlightActiveLine(), lintGutter(),
      EditorView.lineWrapping, EditorView.perLineTextDirection.of(true), directions, fields, theme,
      isMarkup ? html({ autoCloseTags: false }) : [],
      syntaxHighlighting(colours),
      autocompletion({ override: [complete(options())], icons: false }),
      // Tab is not among the keys: it leads out of the editor, as everywhere.
      keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]),
      EditorState.readOnly.of(area.readOnly),
      EditorView.contentAttributes.of({
        'aria-label': area.getAttribute('aria-label') ?? label?.firstChild?.textContent?.trim() ?? '',
        lang: area.lang, spellcheck: String(area.spellcheck),
      }),
      EditorView.updateListener.of((update) => {
        if (!update.docChanged) return;
        area.value = update.state.doc.toString();
        area.dispatchEvent(new Event('input', { bubbles: true }));
      }),
    ],
  });
  area.hidden = true;
  views.set(area, view);
  area.goToLine = (number) => {
    const line = view.state.doc.line(Math.min(Math.max(number, 1), view.state.doc.lines));
    view.dispatch({ selection: { anchor: line.from, head: line.to }, scrollIntoView: true });
    view.focus();
  };
  area.insert = (text) => {
    view.dispatch(view.state.replaceSelection(text));
    view.focus();
  };
  point();
}

/** Shows what the checks say at the lines they say it of. */
function point() {
  for (const [area, view] of views) {
    if (!area.isConnected) {
      view.destroy();
      views.delete(area);
      continue;
    }
    const links = document.querySelectorAll(`#preview a[data-line][href="#${area.id}"]`);
    const found = [...links].map((link) => {
      const line = view.state.doc.line(Math.min(Number(link.dataset.line), view.state.doc.lines));
      const item = link.closest('li');
      return {
        from: line.from, to: line.to,
        severity: item.querySelector('.badge.bad') ? 'error' : 'warning',
        message: item.querySelector('[data-message]')?.textContent ?? item.textContent,
      };
    });
    view.dispatch(setDiagnostics(view.state, found));
  }
}

const mountAll = (inside) => inside.querySelectorAll?.('textarea.source').forEach(mount);
document.addEventListener('htmx:load', (event) => {
  mountAll(event.detail.elt);
  point();
});
mountAll(document);
