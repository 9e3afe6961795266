// What people do everywhere, and what they read.
import { readdirSync, readFileSync } from 'node:fs';

/** A desk, and a phone that is touched. */
export const DESK = { viewport: { width: 1280, height: 900 } };
export const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

/** The console's own texts in a language, by name: those in which nothing is filled in. */
export function words(language) {
  const folder = new URL(`../../services/console/words/${language}/`, import.meta.url);
  const texts = new Map();
  for (const file of readdirSync(folder)) {
    for (const line of readFileSync(new URL(file, folder), 'utf8').split('\n')) {
      const [, name, text] = /^([a-z][a-z0-9-]*) = (.+)$/.exec(line) ?? [];
      if (name && !text.includes('{')) texts.set(name, text);
    }
  }
  return (name) => {
    if (!texts.has(name)) throw new Error(`${name} is no text in ${language}`);
    return texts.get(name);
  };
}

/** Somebody comes in by a link made for them: their page, in their language, on their device. */
export async function sitDown(browser, who, problem) {
  const { page } = await comeIn(browser, who.link, who.phone ? PHONE : DESK);
  page.on('dialog', (dialog) => dialog.accept());
  watch(page, problem);
  return page;
}

/** Presses: with a finger on a phone, else with the mouse. */
export async function press(page, what) {
  if (page.viewportSize().width < 500) await what.tap();
  else await what.click();
}

/** Presses what asks first: its question opens, and the button below it acts. */
export async function agree(page, words) {
  const asked = page.locator('details.ask').filter({ has: page.locator('summary', { hasText: words }) }).first();
  await press(page, asked.locator('summary'));
  await press(page, asked.locator('button'));
}

/** The page fits its screen. */
export async function fits(page, problem) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (over > 1) problem(`${page.url()}: ${over} px too wide`);
}

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
