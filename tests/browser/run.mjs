// Runs one scenario: node run.mjs NAME JOB.json. The job is what the test knows: addresses, folders.
// What is wrong is printed line by line; then it ends with 1.
import { readFileSync } from 'node:fs';
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
try {
  await scenario({ browser, job, problem: (text) => problems.push(text) });
} catch (error) {
  problems.push(String(error.stack ?? error));
} finally {
  await browser.close();
}
for (const text of problems) {
  console.log(text);
}
process.exit(problems.length > 0 ? 1 : 0);
