// Runs one scenario: node run.mjs NAME JOB.json. The job is what the test knows: addresses, folders.
// What is wrong is printed line by line; then it ends with 1. Lines that begin with "ask" are for the
// test, which answers each with a line of JSON.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const [name, file] = process.argv.slice(2);
const job = JSON.parse(readFileSync(file, 'utf8'));
const { default: scenario } = await import(`./scenarios/${name}.mjs`);

const browser = await chromium.launch({
  executablePath: job.chromium,
  // Root may not use the sandbox, and a container has little shared memory.
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-color-profile=srgb'],
});
const problems = [];
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let asked = Promise.resolve();
/** Has the test do something, one thing after another. */
function ask(what) {
  asked = asked.then(async () => {
    console.log(`ask ${JSON.stringify(what)}`);
    return JSON.parse((await answers.next()).value);
  });
  return asked;
}
try {
  await scenario({ browser, job, ask, problem: (text) => problems.push(text) });
} catch (error) {
  problems.push(String(error.stack ?? error));
  // What everybody had before them.
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    const text = await page.locator('main').innerText({ timeout: 1000 }).catch(() => '');
    problems.push(`${page.url()}\n${text.slice(0, 2000)}`);
  }
} finally {
  await browser.close();
}
for (const text of problems) {
  console.log(text);
}
process.exit(problems.length > 0 ? 1 : 0);
