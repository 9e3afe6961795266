// From the first start to a message with a marketer's words: the administrator takes every role,
// rewrites the first line of an email, sees it in the preview, approves it, looks at what enrolling
// everybody would send, and enrols them. The test then waits for the email.
import { watch } from '../people.mjs';

export default async function ({ browser, job, problem }) {
  const origin = new URL(job.link).origin;
  const context = await browser.newContext({ baseURL: origin });
  const page = await context.newPage();
  watch(page, problem);
  page.on('dialog', (dialog) => dialog.accept());
  await page.goto(job.link);
  await page.getByLabel('Name').fill('Amal Nasser');
  await page.getByLabel('Email').fill('amal@palm.example');
  await page.getByLabel('New password').fill('a lantern by the harbour');
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.goto('/users');
  await page.getByRole('cell').getByRole('link', { name: 'Amal Nasser' }).click();
  await page.getByLabel('Marketer').check();
  await page.getByRole('button', { name: 'Save' }).click();
  // Other roles, another session.
  await page.getByLabel('Password').fill('a lantern by the harbour');
  await page.getByLabel('Email').fill('amal@palm.example');
  await page.getByRole('button', { name: 'Sign in' }).click();

  await page.goto('/templates/nl_d1_welcome');
  const subject = page.locator('#editor fieldset').first().getByLabel('Subject');
  await subject.fill(`${job.words} {{first_name}}`);
  await page.locator('#preview').getByText(job.words).first().waitFor();
  await page.getByRole('button', { name: 'Save draft' }).click();
  await page.getByText('The draft is saved.').waitFor();
  await page.getByRole('button', { name: 'Approve and send from now on' }).click();
  await page.getByText('Approved. It is sent from now on.').waitFor();
  await page.getByText(/^Version .?2.? is sent$/).waitFor();

  await page.goto('/plans/new-lead/enrol');
  await page.getByLabel('Everybody').check();
  await page.getByRole('button', { name: 'Look what would follow' }).click();
  await page.getByRole('heading', { name: 'This would follow' }).waitFor();
  const counts = await page.locator('section[role=status] td.number').allInnerTexts();
  if (counts.join() !== job.counts.join()) problem(`enrolling would send ${counts.join()}`);
  await page.locator('section[role=status] form button').click();
  await page.getByRole('heading', { name: 'Enrolled' }).waitFor();
  await context.close();
}
