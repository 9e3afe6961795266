// Every page that can be reached, in both languages, on a desk and on a phone: a picture of each, and
// what no page may have: a width that does not fit, a wrong direction, script errors, what axe finds
// serious. Pages are found by following links; of each route of the console the first is taken. Before
// that something of everything is made, so that there is something to see.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { agree, comeIn, watch, words } from '../people.mjs';
import { readme } from '../readme.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LANGUAGES = [['en', 'ltr'], ['ar', 'rtl']];
// A desk, a phone, and a desk at 200 % zoom.
const WIDTHS = [[1280, 900], [360, 740], [640, 450]];

/** The route of an address: fixed parts win over parts that vary. */
function routeOf(routes, path) {
  const parts = path.split('/');
  const fits = (route) => {
    const own = route.split('/');
    return own.length === parts.length
      && own.every((part, at) => (part.startsWith('{') ? parts[at] !== '' : part === parts[at]));
  };
  const found = routes.filter(fits);
  const varying = (route) => route.split('{').length;
  return found.sort((a, b) => varying(a) - varying(b))[0];
}

async function links(page) {
  return page.$$eval('a[href]', (all) => all
    .filter((a) => a.origin === location.origin && !a.hasAttribute('download'))
    .map((a) => a.pathname + a.search));
}

/** Which page a help belongs to, by language and text. */
const helps = new Map();

async function look(page, width, language, direction, [route, path], problem) {
  const said = (text) => problem(`${path} (${language}, ${width}): ${text}`);
  const found = await page.evaluate(() => ({
    direction: document.documentElement.dir,
    language: document.documentElement.lang,
    headings: document.querySelectorAll('h1').length,
    title: document.title,
    help: document.querySelector('main .help')?.innerText.trim() ?? '',
    over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    widest: [...document.querySelectorAll('body *')]
      .filter((it) => it.getBoundingClientRect().right > innerWidth + 1
        || it.getBoundingClientRect().left < -1)
      .filter((it) => getComputedStyle(it).position !== 'absolute')
      .slice(0, 3).map((it) => `${it.tagName}.${it.className} ${it.textContent.trim().slice(0, 40)}`),
  }));
  if (found.direction !== direction || found.language !== language) {
    said(`is ${found.language} ${found.direction}`);
  }
  if (found.headings !== 1) said(`has ${found.headings} first headings`);
  if (found.help === '') said('has no help');
  const helped = helps.get(`${language} ${found.help}`) ?? route;
  if (helped !== route) said(`has the help of ${helped}`);
  helps.set(`${language} ${found.help}`, route);
  if (found.over > 1) said(`is ${found.over} px too wide: ${found.widest.join(' | ')}`);
  if (!isExamined(language, width)) return;
  await page.evaluate(axe);
  const results = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  for (const violation of results.violations) {
    // What can be edited takes the keys, which axe does not count: the editor of sources scrolls by it.
    const isReached = (node) => violation.id === 'scrollable-region-focusable' && node.html.includes('cm-scroller');
    const nodes = violation.nodes.filter((node) => !isReached(node));
    if (nodes.length > 0 && ['serious', 'critical'].includes(violation.impact)) {
      said(`axe ${violation.id}: ${nodes.slice(0, 3).map((node) => node.html).join(' | ')}`);
    }
  }
}

async function visit(page, path, problem) {
  const response = await page.goto(path);
  if (!response.ok()) problem(`${path}: status ${response.status()}`);
}

/** Axe sees each page in both languages, once as a desk has it and once as a phone has it. */
function isExamined(language, width) {
  return language === 'en' ? width === 1280 : width === 360;
}

/** Somebody on the list, somebody who was, and a file that is compared with it. */
async function keepList(page, say) {
  const main = page.getByRole('main');
  await page.goto('/list/add?lang=en');
  await page.locator('input[name=address]').fill('nobody@example.com');
  await page.locator('main button.stop').click();
  await page.goto('/list/add');
  await page.locator('input[name=address]').fill('+971 4 555 0199');
  await page.locator('main select[name=reason]').selectOption('staff_entry');
  await page.locator('main button.stop').click();
  // What came from the team itself one officer may lift.
  await main.getByRole('link', { name: say('list-entry') }).click();
  await page.locator('input[name=reason]').fill('It was the wrong number');
  await page.locator('input[name=evidence]').fill('ticket 12');
  await main.getByRole('button', { name: say('lift'), exact: true }).click();
  await page.getByText(say('notice-lifted')).waitFor();
  // Business runs by another clock here, so the machine's is named.
  await page.goto('/list');
  await main.getByText('(machine’s clock)').first().waitFor();
  await page.goto('/list/files');
  const rows = 'email\nlayla@example.com\nnobody@example.com\nno address at all\n';
  const file = { name: 'buyers of the fair.csv', mimeType: 'text/csv', buffer: Buffer.from(rows) };
  await page.locator('input[type=file]').setInputFiles(file);
  await main.getByRole('button', { name: say('file-send') }).click();
  await main.getByRole('link', { name: say('file-verdicts') }).waitFor();
}

/** A request, an unclear answer, two calls, a pause and a failure that is tried anew. */
async function work(page, say, job) {
  const main = page.getByRole('main');
  await page.goto('/requests');
  await page.locator('main input[name=contact]').fill('omar.haddad@example.com');
  await page.locator('main input[name=how]').fill('Email');
  await page.locator('main input[name=evidence]').fill('ticket 15');
  await main.getByRole('button', { name: say('request-add') }).click();
  await page.locator('main a[href^="/requests/"], main form[action^="/requests/"]').first().waitFor();
  await page.goto('/fleet/pauses');
  await page.locator('input[name=scope][value=sender_domain]').check();
  await page.locator('input[name=domain]').fill('news.palm-realty.example');
  await page.locator('main textarea[name=why]').fill('The relay moves to another address tonight.');
  await agree(page, say('pause-open'));
  await page.getByText(say('notice-paused')).waitFor();
  for (const note of ['Try in the evening.', 'Wants to hear of the marina in spring.']) {
    await page.goto('/tasks?agent=all');
    await page.locator('main textarea[name=note]').fill(note);
    await page.locator('main button[name=outcome]').first().click();
    await page.getByText(say('notice-task-done')).waitFor();
  }
  const answered = await fetch(`${job.edge}/hooks/sms/generic`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Touchline-Secret': job.secret },
    body: JSON.stringify({ id: 'm1', from: '+971500000020', text: 'not interested' }),
  });
  if (!answered.ok) throw new Error(`the answer was not taken: ${answered.status}`);
  await page.goto('/fleet/desk');
  await page.locator('table a[href*="kind=failed"]').last().click();
  await page.locator('input[name=touch]').first().check();
  await page.locator('input[name=resolution][value=replay]').check();
  await page.locator('main textarea[name=why]').fill('The relay trusts us again.');
  await main.getByRole('button', { name: say('desk-next') }).click();
  await main.getByRole('button', { name: say('desk-do') }).click();
  await page.locator('.notice[role=status]').waitFor();
}

/** A webhook that was tried, so that there is a log to look at. Nobody is there. */
async function integrate(page) {
  await page.goto('/integrations/webhooks');
  await page.locator('input[name=name]').fill('CRM');
  await page.locator('input[name=url]').fill('https://hooks.crm.example/in');
  await page.locator('input[value=suppression_added]').check();
  await page.locator('section.narrow button').click();
  await page.locator('p.code', { hasText: 'whsec_' }).waitFor();
  await page.locator('form[action$="/test"] button').click();
}

/** Looks at every page in one language at one width, two at a time. */
async function walk(open, pages, at, job, problem) {
  const { language, direction, width } = at;
  const folder = `${job.pictures}/${language}-${width}`;
  mkdirSync(folder, { recursive: true });
  const left = [...pages];
  await Promise.all(open.map(async (page) => {
    await page.setViewportSize({ width, height: at.height });
    for (let next = left.shift(); next; next = left.shift()) {
      const [route, path] = next;
      const parted = path.includes('?') ? '&' : '?';
      await visit(page, `${path}${parted}lang=${language}`, problem);
      await look(page, width, language, direction, next, problem);
      // What fits at 200 % needs no picture.
      if (width === 640) continue;
      const name = route.replaceAll(/[^a-z0-9]+/g, '_').replaceAll(/^_|_$/g, '') || 'home';
      await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
    }
  }));
}

export default async function ({ browser, job, ask, problem }) {
  const { context, page } = await comeIn(browser, job.link);
  watch(page, problem);
  page.on('dialog', (dialog) => dialog.accept());
  // The story is over when nothing is on its way any more.
  const underWay = "SELECT count(*) FROM touches WHERE state IN ('queued', 'sending')";
  await ask({ becomes: underWay, wanted: 0 });
  const say = words('en');
  await keepList(page, say);
  await work(page, say, job);
  await integrate(page);
  const pages = new Map([['/', '/'], ...job.also.map((path) => [routeOf(job.routes, path.split('?')[0]), path])]);
  for (const path of pages.values()) {
    await page.goto(path);
    for (const link of await links(page)) {
      const route = routeOf(job.routes, new URL(link, job.link).pathname);
      if (route === undefined) problem(`${path}: leads to ${link}, which is no page`);
      else if (!job.leave.includes(route) && !pages.has(route)) pages.set(route, link);
    }
  }
  const second = await context.newPage();
  watch(second, problem);
  for (const [width, height] of WIDTHS) {
    for (const [language, direction] of LANGUAGES) {
      await walk([page, second], pages, { width, height, language, direction }, job, problem);
    }
  }
  await readme(browser, page, job, problem);
  await context.close();
  // Who is not signed in sees the way in.
  const stranger = await browser.newContext({ baseURL: new URL(job.link).origin });
  const door = await stranger.newPage();
  watch(door, problem);
  for (const [language, direction] of LANGUAGES) {
    await door.setViewportSize({ width: 360, height: 740 });
    await visit(door, `/sign-in?lang=${language}`, problem);
    await look(door, 360, language, direction, ['/sign-in', '/sign-in'], problem);
    await door.screenshot({ path: `${job.pictures}/${language}-360/sign_in.png` });
  }
  await stranger.close();
  writeFileSync(`${job.pictures}/visited.json`, JSON.stringify([...pages.keys(), '/sign-in'].sort()));
}
