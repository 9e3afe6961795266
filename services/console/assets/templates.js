// The template editor: the page in the frame follows what is typed, and a problem leads to its line.
'use strict';

// What is typed is shown by the server (htmx); the page itself goes into a frame of its own.
document.addEventListener('htmx:afterSwap', (event) => {
  const button = document.getElementById('show-page');
  if (event.detail.target.id === 'preview' && button) {
    button.form.requestSubmit(button);
  }
});

// A click on a problem puts the cursor on its line.
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-line]');
  const box = link && document.getElementById(link.getAttribute('href').slice(1));
  if (!box || typeof box.setSelectionRange !== 'function') {
    return;
  }
  event.preventDefault();
  const lines = box.value.split('\n');
  const line = Math.min(Number(link.dataset.line) || 1, lines.length);
  const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  box.focus();
  box.setSelectionRange(start, start + lines[line - 1].length);
  box.scrollTop = (box.scrollHeight / lines.length) * Math.max(line - 4, 0);
});
