// From nothing to the first email that left. The printed link; a name, a password; a colleague, who
// comes in by a link of her own. The administrator makes herself a marketer, too. Both – she at her desk
// in English, the colleague on her phone in Arabic – add a contact of theirs, look at what a plan would
// send, enrol the contact, and read in the story of the touch that it was sent. In between the test waits
// for the email. Signing out and in again.
import { DESK, PHONE, fits, press, watch, words } from '../people.mjs';

const PASSWORD = 'a lantern by the harbour';

/** Adds a contact, enrols it, and reads the story of its first touch. */
async function reach(page, language, contact, ask, problem) {
  const say = words(language);
  await page.goto('/contacts');
  await press(page, page.getByRole('main').getByRole('link', { name: say('contact-add') }));
  await page.locator('input[name=full_name]').fill(contact.name);
  await page.locator('input[name=email]').fill(contact.email);
  await page.locator('select[name=locale]').selectOption(language);
  await page.locator('input[name=country]').fill('AE');
  await page.locator('main input[name=source]').fill(contact.source);
  await fits(page, problem);
  await press(page, page.getByRole('main').getByRole('button', { name: say('contact-add') }));
  await page.getByText(say('notice-contact-added')).waitFor();
  const address = page.url();

  await page.goto('/plans');
  await press(page, page.getByRole('main').locator('a[href="/plans/new-lead/enrol"]'));
  await page.locator('main input[name=source]').fill(contact.source);
  await press(page, page.getByRole('button', { name: say('enrol-look') }));
  await page.getByRole('heading', { name: say('enrol-would') }).waitFor();
  const counts = await page.locator('section[role=status] td.number').allInnerTexts();
  if (counts.join() !== '3,1') problem(`enrolling ${contact.name} would send ${counts.join()}`);
  await fits(page, problem);
  await press(page, page.locator('section[role=status] form summary'));
  await press(page, page.locator('section[role=status] form button'));
  await page.getByRole('heading', { name: say('enrol-done') }).waitFor();

  await ask({ email: contact.email });
  await page.goto(address);
  const touch = page.locator('.timeline a[href^="/touches/"]').last();
  await touch.waitFor();
  await press(page, touch);
  await page.getByText(contact.sent).first().waitFor();
  await page.getByText(say('help-touch')).waitFor();
  await fits(page, problem);
}

export default async function ({ browser, job, ask, problem }) {
  const origin = new URL(job.link).origin;
  const context = await browser.newContext({ baseURL: origin, ...DESK });
  const page = await context.newPage();
  watch(page, problem);
  page.on('dialog', (dialog) => dialog.accept());
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
  await page.getByRole('main').getByLabel('Language').selectOption('ar');
  await page.getByRole('button', { name: 'Add a user' }).click();
  await page.getByText('The user was added.').waitFor();
  await page.getByRole('button', { name: 'Make a link' }).click();
  const link = await page.locator('.code').innerText();

  // Dina comes in by it, on a phone that speaks English, in the language that was chosen for her.
  const hers = await browser.newContext({ baseURL: origin, locale: 'en-GB', ...PHONE });
  const phone = await hers.newPage();
  watch(phone, problem);
  phone.on('dialog', (dialog) => dialog.accept());
  await phone.goto(link.replaceAll(/[\u2066-\u2069]/g, ''));
  await phone.getByLabel('كلمة مرور جديدة').fill(`${PASSWORD} 2`);
  await phone.getByRole('button', { name: 'ادخل' }).tap();
  await phone.getByRole('heading', { name: 'اليوم' }).waitFor();
  if (await phone.locator('a[href="/users"]').count() > 0) {
    problem('a marketer sees the users');
  }
  await phone.goto('/users');
  await phone.getByText('أدوارك لا تسمح بذلك').waitFor();
  const layla = { name: 'ليلى قاسم', email: 'layla@example.com', source: 'معرض دبي', sent: /أُرسلت .*20\d\d/ };
  await reach(phone, 'ar', layla, ask, problem);
  await hers.close();

  // Amal makes herself a marketer: other roles, another session.
  await page.goto('/users');
  await page.getByRole('cell').getByRole('link', { name: 'Amal Nasser' }).click();
  await page.getByLabel('Marketer').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByLabel('Email').fill('amal@palm.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  // Back where she was.
  await page.getByRole('heading', { name: 'Amal Nasser' }).waitFor();
  const omar = { name: 'Omar Nasser', email: 'omar@example.com', source: 'open house', sent: /It was sent on/ };
  await reach(page, 'en', omar, ask, problem);

  // She leaves, and comes back with what she chose.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Email').fill('AMAL@palm.example');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Today' }).waitFor();
  await context.close();
}
