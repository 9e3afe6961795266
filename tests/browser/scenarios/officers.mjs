// Somebody says on the phone to be left alone. An officer puts them on the list and reads that nothing
// is under way; finds the entry by another spelling; asks to lift it, may not agree to it alone; a second
// officer does. Two sit at desks and read English, two have phones and read Arabic.
import { fits, press, sitDown, words } from '../people.mjs';

async function lift(browser, pair, problem) {
  const say = words(pair.first.language);
  const first = await sitDown(browser, pair.first, problem);
  const second = await sitDown(browser, pair.second, problem);
  const within = (page) => page.getByRole('main');
  await first.goto('/list/add');
  await first.locator('input[name=address]').fill(pair.address);
  await first.locator('main select[name=reason]').selectOption('voice_request');
  await first.locator('input[name=evidence]').fill('call of this morning');
  await press(first, within(first).getByRole('button', { name: say('list-add') }));
  await first.getByText(say('list-added-clear')).waitFor();
  await fits(first, problem);
  await first.goto('/list');
  await first.locator('main input[name=q]').fill(pair.spelled);
  await press(first, within(first).getByRole('button', { name: say('find') }));
  await press(first, within(first).getByRole('link', { name: say('list-open') }).first());
  await first.waitForURL('**/list/entries/*');
  const entry = first.url();
  await first.getByText('call of this morning').first().waitFor();
  const ask = async (page, button) => {
    await page.locator('main input[name=reason]').fill('It was the wrong number');
    await page.locator('main input[name=evidence]').fill('ticket 7');
    await fits(page, problem);
    await press(page, within(page).getByRole('button', { name: say(button) }));
  };
  await ask(first, 'lift-ask');
  await first.getByText(say('notice-lift-requested')).waitFor();
  await first.goto(entry);
  await ask(first, 'lift-approve');
  await first.getByText(say('lift-needs-another')).first().waitFor();
  // The second officer finds it waiting.
  await second.goto('/list');
  await press(second, within(second).locator('a[href="/list/lifts"]'));
  await press(second, within(second).getByRole('link', { name: say('lift-decide') }).first());
  await ask(second, 'lift-approve');
  await second.getByText(say('notice-lifted')).waitFor();
  await first.goto(entry);
  await first.getByText(say('list-over')).waitFor();
  for (const page of [first, second]) await page.context().close();
}

export default async function ({ browser, job, problem }) {
  for (const pair of job.pairs) {
    await lift(browser, pair, problem);
  }
}
