// Somebody signs in through a real identity provider, and finds her way back to where she wanted to go.
import { DESK, fits, watch } from '../people.mjs';

export default async function ({ browser, job, problem }) {
  const context = await browser.newContext({ baseURL: new URL(job.link).origin, ...DESK });
  const page = await context.newPage();
  watch(page, problem);
  await page.goto('/account');
  await fits(page, problem);
  await page.locator('main a[href^="/sign-in/provider"]').click();
  // The provider's own page, and its question whether the console may know who she is.
  await page.locator('input[name=login]').fill('dina');
  await page.locator('input[name=password]').fill('anything');
  await page.locator('button[type=submit]').click();
  await page.getByText('Authorize').first().waitFor();
  await page.locator('button[type=submit]').click();
  await page.waitForURL('**/account');
  await page.getByText('dina@palm.example').first().waitFor();
}
