// An operator pauses the channel email: nothing leaves until it is lifted. Emails a relay refuses fail,
// and are tried anew by their cause once the relay accepts. Two may have arrived without a word: one is
// known to have, the other one is sent again or cancelled. First in English at a desk, then in Arabic on
// a phone, about other people. The test starts what is sent and waits for it.
import { agree, fits, press, sitDown, words } from '../people.mjs';

async function decide(page, say, resolution, why) {
  await page.locator(`input[name=resolution][value=${resolution}]`).check();
  await page.locator('main textarea[name=why]').fill(why);
  await press(page, page.getByRole('button', { name: say('desk-next') }));
  await page.getByRole('heading', { name: say('desk-sure') }).waitFor();
}

async function work(browser, operator, ask, problem) {
  const say = words(operator.language);
  const { language } = operator;
  const page = await sitDown(browser, operator, problem);

  await page.goto('/fleet/pauses');
  await page.locator('input[name=scope][value=channel]').check();
  await page.locator('select[name=channel]').selectOption('email');
  await page.locator('main textarea[name=why]').fill('the relay is listed');
  await agree(page, say('pause-open'));
  await page.getByText(say('notice-paused')).waitFor();
  await ask({ language, step: 'paused' });
  await page.goto('/fleet');
  await page.getByText('the relay is listed').first().waitFor();
  await fits(page, problem);
  await page.goto('/fleet/pauses');
  const lift = page.locator('form[action^="/fleet/pauses/"]');
  await press(page, lift.locator('summary'));
  await lift.locator('[name=why]').fill('the listing is gone');
  await press(page, lift.getByRole('button'));
  await page.getByText(say('notice-pause-lifted')).waitFor();
  await ask({ language, step: 'lifted' });

  await ask({ language, step: 'refused' });
  await page.goto('/fleet/desk');
  await page.getByText('554 5.7.1').first().waitFor();
  await fits(page, problem);
  await press(page, page.locator('table a[href*="code=refused"]').first());
  await page.locator('input[name=which][value=all]').check();
  await decide(page, say, 'replay', 'the relay trusts us again');
  await ask({ language, step: 'healed' });
  await press(page, page.getByRole('button', { name: say('desk-do') }));
  await page.getByRole('status').filter({ hasText: /3/ }).first().waitFor();
  await ask({ language, step: 'replayed' });

  await ask({ language, step: 'in_doubt' });
  for (const resolution of ['confirm', operator.second]) {
    await page.goto('/fleet/desk');
    await press(page, page.locator('table a[href*="kind=unknown"]').first());
    await page.locator('input[name=touch]').first().check();
    await decide(page, say, resolution, 'the log of the relay says so');
    const warned = await page.locator('main .warning').count();
    if ((resolution === 'resume') !== (warned > 0)) problem(`${resolution}: ${warned} warnings`);
    await press(page, page.getByRole('button', { name: say('desk-do') }));
    await page.locator('.notice[role=status]').waitFor();
  }
  await ask({ language, step: 'resolved' });
  await page.goto('/fleet/desk');
  await page.getByText(say('desk-empty')).waitFor();
  const decided = await page.locator('table tbody tr').count();
  if (decided !== operator.decided) problem(`${decided} decisions instead of ${operator.decided}`);
  await page.context().close();
}

export default async function ({ browser, job, ask, problem }) {
  for (const operator of job.operators) {
    await work(browser, operator, ask, problem);
  }
}
