// The morning of two agents on their phones, each in their own language: ten tasks or more, until every
// outcome a call may have was tapped once, three were put off and one was taken back. After each tap the
// task that was next in the list is the one on top. What became of each is told to the test, which looks
// it up. The words on the buttons are looked up by the console's own texts.
import { fits, handOver, comeIn, press, PHONE, watch, words } from '../people.mjs';

const OF_CALLS = ['answered', 'voicemail', 'unanswered', 'wrong_number', 'appointment', 'refused'];
const UNTIL = ['tomorrow', 'three_days', 'next_week'];

/** The task on top, and the one behind it. */
async function look(page) {
  const form = page.locator('form[action$="/outcome"]');
  await form.waitFor();
  const id = (path) => path?.split('/')[2];
  const behind = page.locator('.rows .task-link');
  return {
    id: id(await form.getAttribute('action')),
    behind: (await behind.evaluateAll((all) => all.map((it) => it.pathname))).map(id),
    outcomes: await form.locator('button[name=outcome]').evaluateAll((all) => all.map((it) => it.value)),
  };
}

/** The first of tasks that can be worked: of somebody who must not be contacted none can. */
async function best(page, tasks) {
  for (const task of tasks) {
    const text = await (await page.request.get(`/tasks/${task}`)).text();
    if (text.includes('name="outcome"')) return task;
  }
  return undefined;
}

async function work(page, agent, problem) {
  const say = words(agent.language);
  const wanted = new Set(OF_CALLS);
  const put = [...UNTIL];
  const worked = [];
  await page.goto('/tasks');
  if (await page.locator('html').getAttribute('lang') !== agent.language) problem('another language');
  await fits(page, problem);
  let task = await look(page);
  while (wanted.size > 0 || put.length > 0 || worked.length < 10) {
    if (worked.length > 60) throw new Error(`${[...wanted]} were never to be tapped`);
    const outcome = task.outcomes.find((it) => wanted.has(it)) ?? (task.outcomes.includes('done') && 'done');
    const later = worked.length % 3 === 2 ? put.shift() : undefined;
    if (later) {
      await press(page, page.locator(`button[name=until][value=${later}]`));
      await page.getByText(say('notice-task-snoozed')).waitFor();
      worked.push({ task: task.id, later });
    } else {
      const chosen = outcome || 'answered';
      const button = page.locator(`button[name=outcome][value=${chosen}]`);
      const kind = task.outcomes.includes('done') ? 'errand' : 'call';
      const label = (await button.textContent()).trim();
      if (label !== say(`${kind}-ended-${chosen.replace('_', '-')}`)) problem(`${chosen} is called ${label}`);
      await page.locator('main textarea[name=note]').fill(agent.note);
      if (chosen === 'refused') await press(page, page.locator('.outcomes summary'));
      await press(page, button);
      wanted.delete(chosen);
      worked.push({ task: task.id, outcome: chosen });
      const notice = chosen === 'refused' ? 'notice-task-on-list-clear' : 'notice-task-done';
      await page.getByText(say(notice)).waitFor();
      if (worked.length === 2) {
        // A slip of the finger: taken back, the same task is on top again.
        await press(page, page.getByRole('button', { name: say('task-undo') }));
        await page.getByText(say('notice-task-undone')).waitFor();
        const again = await look(page);
        if (again.id !== task.id) problem(`${again.id} is on top instead of what was taken back`);
        wanted.add(chosen);
        worked.pop();
        worked.push({ task: task.id, undone: chosen });
        task = again;
        continue;
      }
    }
    const now = await look(page);
    // Who said no is not asked again: what else was to be done for them is gone with it.
    const refused = worked.at(-1).outcome === 'refused';
    const next = await best(page, task.behind);
    if (now.id !== next && !refused) problem(`${now.id} is on top instead of ${next}`);
    if (now.id === task.id) problem(`${now.id} is still on top`);
    task = now;
  }
  await fits(page, problem);
  return worked;
}

export default async function ({ browser, job, ask, problem }) {
  const { context, page } = await comeIn(browser, job.link);
  watch(page, problem);
  for (const agent of job.agents) {
    const own = await handOver(browser, page, agent.name, { ...PHONE, locale: agent.language });
    watch(own, problem);
    await ask({ agent: agent.email, worked: await work(own, agent, problem) });
    await own.context().close();
  }
  await context.close();
}
