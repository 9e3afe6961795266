// What a few pages need beyond htmx. Pages work without it.
'use strict';

// A problem inside a part of a page is shown at the top, where it is read out.
document.addEventListener('htmx:beforeSwap', (event) => {
  const { xhr } = event.detail;
  if (xhr.status >= 400 && xhr.status !== 422) {
    event.detail.target = document.getElementById('notice');
    event.detail.swapOverride = 'innerHTML';
  }
});

// A form is sent once, however often its button is pressed.
document.addEventListener('submit', (event) => {
  const form = event.target;
  // What is shown in a frame of the page may be sent as often as it is asked for.
  if (event.submitter?.formTarget) {
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.method === 'post' && !form.hasAttribute('hx-post')) {
    form.dataset.sent = 'true';
  }
});
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) {
    delete form.dataset.sent;
  }
});
