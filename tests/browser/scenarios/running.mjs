// Emails are being handed over, slowly. While one to somebody is under way, an officer stops that person,
// in two clicks from the person's page, and reads which touch was under way, whose and of which plan;
// its story is one click further. One officer sits at a desk and reads English, the other one has a
// phone and reads Arabic. The test then looks that nothing more leaves.
import { fits, press, sitDown, words } from '../people.mjs';

async function stop(browser, officer, ask, problem) {
  const say = words(officer.language);
  const page = await sitDown(browser, officer, problem);
  await page.goto('/contacts');
  await page.getByRole('main').locator('input[name=q]').fill(officer.name);
  await press(page, page.getByRole('main').getByRole('button', { name: say('contacts-find') }));
  await press(page, page.getByRole('main').getByRole('link', { name: officer.name }));
  await ask({ under_way: officer.language });
  await press(page, page.locator('.stop-button summary'));
  await page.locator('.stop-button select[name=reason]').selectOption('voice_request');
  await press(page, page.getByRole('button', { name: say('list-add-person') }));
  const answer = page.locator('.warning[role=status]');
  await answer.waitFor();
  const told = (await answer.innerText()).replaceAll(/[\u2066-\u2069]/g, '');
  for (const said of [say('list-added'), officer.name, 'slow']) {
    if (!told.includes(said)) problem(`the answer does not say ${said}: ${told}`);
  }
  await fits(page, problem);
  await press(page, answer.locator('a[href^="/touches/"]'));
  await page.getByRole('heading', { level: 1 }).filter({ hasText: officer.name }).waitFor();
  await page.context().close();
}

export default async function ({ browser, job, ask, problem }) {
  // Both at once: each waits for what is under way.
  await Promise.all(job.officers.map((officer) => stop(browser, officer, ask, problem)));
  await ask({ afterwards: true });
}
