// Every page that can be reached, in both languages, on a desk and on a phone: a picture of each, and
// what no page may have: a width that does not fit, a wrong direction, script errors, what axe finds
// serious. Pages are found by following links; of each route of the console the first is taken.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { comeIn, watch } from '../people.mjs';

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

async function look(page, width, language, direction, path, problem) {
  const said = (text) => problem(`${path} (${language}, ${width}): ${text}`);
  const found = await page.evaluate(() => ({
    direction: document.documentElement.dir,
    language: document.documentElement.lang,
    headings: document.querySelectorAll('h1').length,
    title: document.title,
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
  if (found.over > 1) said(`is ${found.over} px too wide: ${found.widest.join(' | ')}`);
  const results = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  for (const violation of results.violations) {
    if (['serious', 'critical'].includes(violation.impact)) {
      said(`axe ${violation.id}: ${violation.nodes.slice(0, 3).map((node) => node.html).join(' | ')}`);
    }
  }
}

async function open(page, path, problem) {
  const response = await page.goto(path);
  if (!response.ok()) problem(`${path}: status ${response.status()}`);
  await page.evaluate(axe);
}

export default async function ({ browser, job, problem }) {
  const { context, page } = await comeIn(browser, job.link);
  watch(page, problem);
  // Somebody on the list, so that there is an entry to look at.
  await page.goto('/list/add');
  await page.locator('input[name=address]').fill('nobody@example.com');
  await page.locator('main button.stop').click();
  // A webhook that was tried, so that there is a log to look at. Nobody is there.
  await page.goto('/integrations/webhooks');
  await page.locator('input[name=name]').fill('CRM');
  await page.locator('input[name=url]').fill('https://hooks.crm.example/in');
  await page.locator('input[value=suppression_added]').check();
  await page.locator('section.narrow button').click();
  await page.locator('p.code', { hasText: 'whsec_' }).waitFor();
  await page.locator('form[action$="/test"] button').click();
  const pages = new Map([['/', '/'], ...job.also.map((path) => [path.split('?')[0], path])]);
  for (const path of pages.values()) {
    await page.goto(path);
    for (const link of await links(page)) {
      const route = routeOf(job.routes, new URL(link, job.link).pathname);
      if (route === undefined) problem(`${path}: leads to ${link}, which is no page`);
      else if (!job.leave.includes(route) && !pages.has(route)) pages.set(route, link);
    }
  }
  for (const [width, height] of WIDTHS) {
    await page.setViewportSize({ width, height });
    for (const [language, direction] of LANGUAGES) {
      const folder = `${job.pictures}/${language}-${width}`;
      mkdirSync(folder, { recursive: true });
      for (const [route, path] of pages) {
        const parted = path.includes('?') ? '&' : '?';
        await open(page, `${path}${parted}lang=${language}`, problem);
        await look(page, width, language, direction, path, problem);
        const name = route.replaceAll(/[^a-z0-9]+/g, '_').replaceAll(/^_|_$/g, '') || 'home';
        await page.screenshot({ path: `${folder}/${name}.png`, fullPage: width !== 640 });
      }
    }
  }
  await context.close();
  // Who is not signed in sees the way in.
  const stranger = await browser.newContext({ baseURL: new URL(job.link).origin });
  const door = await stranger.newPage();
  watch(door, problem);
  for (const [language, direction] of LANGUAGES) {
    await door.setViewportSize({ width: 360, height: 740 });
    await open(door, `/sign-in?lang=${language}`, problem);
    await look(door, 360, language, direction, '/sign-in', problem);
    await door.screenshot({ path: `${job.pictures}/${language}-360/sign_in.png` });
  }
  await stranger.close();
  writeFileSync(`${job.pictures}/visited.json`, JSON.stringify([...pages.keys(), '/sign-in'].sort()));
}
