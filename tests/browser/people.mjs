// What people do everywhere.

/** Signs in by a demonstration's link, and returns the context. */
export async function comeIn(browser, link, options = {}) {
  const context = await browser.newContext({ baseURL: new URL(link).origin, ...options });
  const page = await context.newPage();
  await page.goto(link);
  await Promise.all([page.waitForURL('**/'), page.locator('main form button').click()]);
  return { context, page };
}

/** Reports what goes wrong inside the page: script errors, policies, answers that fail. */
export function watch(page, problem) {
  page.on('pageerror', (error) => problem(`${page.url()}: script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      problem(`${page.url()}: console: ${message.text()}`);
    }
  });
  page.on('response', (response) => {
    if (response.status() >= 500) {
      problem(`${response.url()}: status ${response.status()}`);
    }
  });
}
