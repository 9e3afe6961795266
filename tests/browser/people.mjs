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

/** Has the administrator make a link for a colleague, who comes in with it; their page. */
export async function handOver(browser, page, name, options = {}) {
  await page.goto('/users');
  await page.getByRole('cell').getByRole('link', { name }).click();
  await page.getByRole('button', { name: 'Make a link' }).click();
  const link = (await page.locator('.code').innerText()).replaceAll(/[\u2066-\u2069]/g, '').trim();
  const context = await browser.newContext({ baseURL: new URL(link).origin, ...options });
  const own = await context.newPage();
  await own.goto(link);
  await own.locator('input[name=password]').fill('a lantern by the harbour');
  await Promise.all([own.waitForURL('**/'), own.locator('main form button').click()]);
  return own;
}
