// The first start: the printed link, a name, a password, a colleague; signing out and in again.
import { watch } from '../people.mjs';

const PASSWORD = 'a lantern by the harbour';

export default async function ({ browser, job, problem }) {
  const context = await browser.newContext({ baseURL: new URL(job.link).origin });
  const page = await context.newPage();
  watch(page, problem);
  await page.goto(job.link);
  await page.getByLabel('Name').fill('Amal Nasser');
  await page.getByLabel('Email').fill('amal@palm.example');
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.getByRole('heading', { name: 'Today' }).waitFor();
  await page.getByRole('complementary').getByRole('link', { name: 'Users' }).click();
  await page.getByLabel('Name').fill('Dina Farouk');
  await page.getByLabel('Email').fill('dina@palm.example');
  await page.getByLabel('Marketer').check();
  await page.getByRole('button', { name: 'Add a user' }).click();
  await page.getByText('The user was added.').waitFor();
  await page.getByRole('button', { name: 'Make a link' }).click();
  const link = await page.locator('.code').innerText();
  // Dina comes in by it, on her own machine, in Arabic.
  const hers = await browser.newContext({ locale: 'ar-AE' });
  const desk = await hers.newPage();
  watch(desk, problem);
  await desk.goto(link.replaceAll(/[\u2066-\u2069]/g, ''));
  await desk.getByLabel('كلمة مرور جديدة').fill(`${PASSWORD} 2`);
  await desk.getByRole('button', { name: 'ادخل' }).click();
  await desk.getByRole('heading', { name: 'اليوم' }).waitFor();
  if (await desk.getByRole('link', { name: 'المستخدمون' }).count() > 0) {
    problem('a marketer sees the users');
  }
  await desk.goto(`${new URL(job.link).origin}/users`);
  await desk.getByText('أدوارك لا تسمح بذلك').waitFor();
  await hers.close();
  // Amal leaves, and comes back with what she chose.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Email').fill('AMAL@palm.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Today' }).waitFor();
  await context.close();
}
