// Somebody says on the phone to be left alone. An officer puts them on the list and reads that nothing
// is under way; finds the entry by another spelling; asks to lift it, may not agree to it alone; a second
// officer does.
import { comeIn, handOver, watch } from '../people.mjs';

export default async function ({ browser, job, problem }) {
  const { context, page } = await comeIn(browser, job.link);
  watch(page, problem);
  const salem = await handOver(browser, page, 'سالم الحربي');
  watch(salem, problem);
  await salem.goto('/list/add?lang=en');
  await salem.locator('input[name=address]').fill('+971 50 000 00 20');
  await salem.getByLabel('Why').selectOption('voice_request');
  await salem.getByLabel('What proves it').fill('call of this morning');
  await salem.getByRole('main').getByRole('button', { name: 'Put on the list' }).click();
  await salem.getByText('Clear: nothing to it starts any more').waitFor();
  // Arabic digits, without the country code.
  await salem.goto('/list');
  await salem.getByLabel('An address in any spelling').fill('٠٥٠ ٠٠٠ ٠٠٢٠');
  await salem.getByRole('main').getByRole('button', { name: 'Find' }).click();
  await salem.getByRole('main').getByRole('link', { name: 'Open' }).first().click();
  const entry = salem.url();
  await salem.getByText('call of this morning').first().waitFor();
  const ask = async (who, button) => {
    await who.getByLabel('Reason').fill('It was the wrong number');
    await who.getByLabel('What proves it').fill('ticket 7');
    await who.getByRole('button', { name: button }).click();
  };
  await ask(salem, 'Ask to lift');
  await salem.getByText('The entry is in force until another officer agrees.').waitFor();
  await salem.goto(entry);
  await ask(salem, 'Agree and lift');
  await salem.getByText('Another officer has to agree.').first().waitFor();
  // The second officer finds it waiting.
  await page.goto('/list');
  await page.getByRole('link', { name: /lifts? waits?/ }).click();
  await page.getByRole('link', { name: 'Look and decide' }).first().click();
  await ask(page, 'Agree and lift');
  await page.getByText('Lifted.').waitFor();
  await salem.goto(entry);
  await salem.getByText('This entry is no longer in force.').waitFor();
  await context.close();
}
