// The pictures of README: one per kind of user, each at their own work, the agent in Arabic on a phone.
// `make pictures` copies them to docs/pictures.
import { mkdirSync } from 'node:fs';
import { handOver, watch } from './people.mjs';

const DESK = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true };

export async function readme(browser, page, job, problem) {
  const folder = `${job.pictures}/readme`;
  mkdirSync(folder, { recursive: true });
  const everybody = [];
  // The last page was in Arabic.
  await page.goto('/?lang=en');
  const of = async (name, options) => {
    const own = await handOver(browser, page, name, options);
    watch(own, problem);
    everybody.push(own);
    return own;
  };
  const take = (own, name) => own.screenshot({ path: `${folder}/${name}.png` });

  const marketer = await of('Dina Farouk', DESK);
  await marketer.goto('/templates/nl_d1_welcome?lang=en');
  await marketer.waitForLoadState('networkidle');
  await take(marketer, 'marketer');

  const officer = await of('سالم الحربي', DESK);
  await officer.goto('/list?lang=en');
  await officer.getByRole('main').locator('a[href^="/list/entries/"]').last().click();
  await officer.locator('main dl').first().waitFor();
  await take(officer, 'officer');

  const agent = await of('كريم سليمان', { ...PHONE, locale: 'ar' });
  await agent.goto('/tasks');
  await agent.locator('.task').waitFor();
  await take(agent, 'agent');

  const operator = await of('Omar Aziz', DESK);
  await operator.goto('/fleet?lang=en');
  await operator.locator('main table').first().waitFor();
  await take(operator, 'operator');
  for (const own of everybody) await own.context().close();
}
