// The template editor: the page in the frame follows what is typed, a click in it chooses a block, a
// field goes where the cursor stands, and a problem leads to its line.
'use strict';

const frame = () => document.querySelector('iframe[name="template-page"]');
let scrolled = 0;
let waiting = null;

// What is typed is shown by the server (htmx); the page itself goes into a frame of its own.
document.addEventListener('htmx:afterSwap', (event) => {
  const button = document.getElementById('show-page');
  // Of two submissions of one form browsers carry out the last: what is being saved goes first.
  if (event.detail.target.id === 'preview' && button && !button.form.dataset.sent) {
    scrolled = frame()?.contentWindow?.scrollY || 0;
    button.form.requestSubmit(button);
  }
});

// A problem whose line is only there once the source is shown.
document.addEventListener('htmx:afterSettle', () => {
  const link = waiting;
  waiting = null;
  link?.click();
});

// Whoever edits the blocks of a language sees that language.
document.addEventListener('htmx:configRequest', (event) => {
  const asked = event.detail.parameters.op;
  const shown = document.getElementById('shown');
  if (asked && shown) {
    shown.value = asked.split(' ')[0];
  }
});

// Nothing in the frame runs; its clicks are read from here.
const listen = () => {
  const inside = frame()?.contentDocument;
  if (!inside?.body || inside.body.dataset.heard) {
    return;
  }
  inside.body.dataset.heard = 'true';
  frame().contentWindow.scrollTo(0, scrolled);
  inside.addEventListener('click', (event) => {
    event.preventDefault();
    const block = event.target.closest('[class*="tl-block-"]');
    const number = block && /tl-block-(\d+)/.exec(block.className)?.[1];
    document.getElementById(`${inside.documentElement.lang}-block-${number}`)?.click();
  });
};
window.addEventListener('DOMContentLoaded', () => {
  frame()?.addEventListener('load', listen);
  listen();
});

document.addEventListener('click', (event) => {
  // A field is put where the cursor stood in the text of the block.
  const insert = event.target.closest('button[id$="-op-field"]');
  const language = insert && insert.id.slice(0, 2);
  const text = insert && document.querySelector(`#${language}-set-text, #${language}-set-markup`);
  if (text) {
    event.preventDefault();
    event.stopPropagation();
    const field = document.querySelector(`select[name="${language}-field"]`).selectedOptions[0];
    if (text.insert) {
      text.insert(field.dataset.written);
      return;
    }
    text.setRangeText(field.dataset.written, text.selectionStart, text.selectionEnd, 'end');
    text.focus();
    text.dispatchEvent(new Event('input', { bubbles: true }));
    return;
  }
  // An image is put where the cursor stands in the source; among blocks the server puts it.
  const chosen = event.target.closest('button[data-image]');
  const mjml = chosen && document.getElementById(`${chosen.dataset.image}-mjml`);
  if (mjml) {
    event.preventDefault();
    event.stopPropagation();
    const words = document.createElement('i');
    words.textContent = chosen.dataset.alt;
    const alt = words.innerHTML.replaceAll('"', '&quot;');
    const { file, width } = chosen.dataset;
    const image = `<mj-image src="${file}" alt="${alt}" width="${width}px" padding="8px 32px" />`;
    if (mjml.insert) {
      mjml.insert(image);
      return;
    }
    mjml.setRangeText(image, mjml.selectionStart, mjml.selectionEnd, 'end');
    mjml.focus();
    mjml.dispatchEvent(new Event('input', { bubbles: true }));
    return;
  }
  // A click on a problem puts the cursor on its line; in the source, where blocks are shown.
  const link = event.target.closest('a[data-line]');
  const place = link && link.getAttribute('href').slice(1);
  const box = link && document.getElementById(place);
  const source = place?.endsWith('-mjml') && document.getElementById(`${place.slice(0, 2)}-op-source`);
  if (link && !box && source) {
    event.preventDefault();
    waiting = link;
    source.click();
    return;
  }
  if (!box || typeof box.setSelectionRange !== 'function') {
    return;
  }
  event.preventDefault();
  if (box.goToLine) {
    box.goToLine(Number(link.dataset.line) || 1);
    return;
  }
  const lines = box.value.split('\n');
  const line = Math.min(Number(link.dataset.line) || 1, lines.length);
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  box.focus();
  box.setSelectionRange(start, start + lines[line - 1].length);
  box.scrollTop = (box.scrollHeight / lines.length) * Math.max(line - 4, 0);
}, true);
