// People to look around with. The administrator of an installation without anybody presses one button,
// looks at pages with life in them, and removes it all by another: at her desk in English, then on her
// phone in Arabic, where the contacts' page invites her.
import { DESK, PHONE, fits, press, watch, words } from '../people.mjs';

const PASSWORD = 'a lantern by the harbour';

/** Loads the sample from `invitation`, looks around, removes it. */
async function round(page, language, invitation, job, problem) {
  const say = words(language);
  await page.goto(`${invitation}?lang=${language}`);
  await fits(page, problem);
  await page.screenshot({ path: `${job.pictures}/sample_${language}_invitation.png`, fullPage: true });
  await press(page, page.getByRole('button', { name: say('sample-load') }));
  await page.getByRole('heading', { name: say('sample-question') }).waitFor({ timeout: 120_000 });
  await fits(page, problem);
  await page.screenshot({ path: `${job.pictures}/sample_${language}_counts.png`, fullPage: true });

  await page.goto('/contacts');
  await page.getByText(say('sample-is-loaded')).waitFor();
  await fits(page, problem);
  await page.screenshot({ path: `${job.pictures}/sample_${language}_contacts.png` });
  await press(page, page.locator('main table a[href^="/contacts/"]').first());
  await page.getByText(say('sample-person')).first().waitFor();
  await fits(page, problem);
  // The clock is in a hurry: what is due today has been made.
  const card = page.getByText(say('sample-do-not-dial'));
  while (true) {
    await page.goto('/tasks?agent=all');
    if (await card.count() > 0) break;
  }
  if (await page.locator('a[href^="tel:"]').count() > 0) problem('a sample person can be dialled');
  await fits(page, problem);
  await page.screenshot({ path: `${job.pictures}/sample_${language}_task.png` });
  for (const address of ['/plans', '/fleet', '/list']) {
    await page.goto(address);
    await fits(page, problem);
  }

  await page.goto('/');
  await page.screenshot({ path: `${job.pictures}/sample_${language}_home.png`, fullPage: true });
  await press(page, page.locator('main').getByRole('link', { name: say('sample-remove') }));
  await press(page, page.getByRole('button', { name: say('sample-remove') }));
  await page.getByText(say('sample-none')).waitFor({ timeout: 120_000 });
  await page.goto('/contacts');
  await page.getByText(say('contacts-none')).waitFor();
  await page.goto('/tasks?agent=all');
  if (await page.locator('.task, .task-link').count() > 0) problem('a task of the sample is left');
}

export default async function ({ browser, job, problem }) {
  const origin = new URL(job.link).origin;
  const context = await browser.newContext({ baseURL: origin, ...DESK });
  const page = await context.newPage();
  watch(page, problem);
  await page.goto(job.link);
  await page.getByLabel('Name').fill('Amal Nasser');
  await page.getByLabel('Email').fill('amal@palm.example');
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.getByRole('heading', { name: 'Today' }).waitFor();
  await round(page, 'en', '/', job, problem);
  const storageState = await context.storageState();
  await context.close();

  const hers = await browser.newContext({ baseURL: origin, storageState, ...PHONE });
  const phone = await hers.newPage();
  watch(phone, problem);
  await round(phone, 'ar', '/contacts', job, problem);
  await hers.close();
}
