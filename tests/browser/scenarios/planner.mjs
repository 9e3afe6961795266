// A marketer adds a step to a plan, is told when the sum is wrong, saves it as a new version, enrols
// somebody and reads what that person will get in the next 90 days: with the new step, and what would
// become of it. Once in English at a desk, once in Arabic on a phone.
import { fits, press, sitDown, words } from '../people.mjs';

async function plan(browser, marketer, problem) {
  const say = words(marketer.language);
  const page = await sitDown(browser, marketer, problem);
  await page.goto(`/plans/${marketer.plan}/edit`);
  await press(page, page.getByRole('button', { name: say('step-add') }));
  const step = page.locator('section.step').nth(2);
  await step.locator('input[name=step-2-day]').fill('30');
  await step.locator('select[name=step-2-channel]').selectOption('email');
  await step.locator('input[name=step-2-template]').fill('note');
  for (const language of ['en', 'ar']) {
    await step.locator(`input[name=step-2-purpose-${language}]`).fill(marketer.purpose);
  }
  const save = page.locator('button[name=do][value=save]');
  await press(page, save);
  // Two touches are declared, three add up.
  await page.getByText(say('plan-not-saved')).waitFor();
  await fits(page, problem);
  await page.locator('input[name=touches]').fill('3');
  await press(page, save);
  await page.getByText(say('notice-plan-saved')).waitFor();
  await page.locator('.timeline').getByText(marketer.purpose).first().waitFor();
  await fits(page, problem);

  await press(page, page.getByRole('main').locator(`a[href="/plans/${marketer.plan}/enrol"]`));
  await page.locator('main input[name=source]').fill(marketer.source);
  await press(page, page.getByRole('button', { name: say('enrol-look') }));
  await press(page, page.locator('section[role=status] form summary'));
  await press(page, page.locator('section[role=status] form button'));
  await page.getByRole('heading', { name: say('enrol-done') }).waitFor();

  await page.goto('/contacts');
  await page.getByRole('main').locator('input[name=q]').fill(marketer.contact);
  await press(page, page.getByRole('main').getByRole('button', { name: say('contacts-find') }));
  await press(page, page.getByRole('main').getByRole('link', { name: marketer.contact }));
  await press(page, page.getByRole('link', { name: say('contact-coming') }));
  await press(page, page.locator('a[href$="days=90"]'));
  await page.waitForURL('**/calendar?days=90');
  const rows = page.locator('table tbody tr');
  const told = await rows.allInnerTexts();
  if (told.length !== 3) problem(`${told.length} touches are coming: ${told.join(' | ')}`);
  if (!told[2]?.includes(marketer.purpose)) problem(`the last one is not the new step: ${told[2]}`);
  if (await rows.last().locator('.badge').count() < 2) problem('nothing is said of what becomes of it');
  await fits(page, problem);
  await page.context().close();
}

export default async function ({ browser, job, problem }) {
  for (const marketer of job.marketers) {
    await plan(browser, marketer, problem);
  }
}
