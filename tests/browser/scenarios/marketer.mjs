// From the first start to a message with a marketer's words: the administrator takes every role,
// rewrites the first line of an email, edits its page in blocks – in English on a desk, in Arabic on a
// phone –, sees each step in the preview, approves it, looks at what enrolling everybody would send,
// and enrols them. The test then waits for the email.
import { agree, watch } from '../people.mjs';

export default async function ({ browser, job, problem }) {
  const origin = new URL(job.link).origin;
  const context = await browser.newContext({ baseURL: origin });
  const page = await context.newPage();
  watch(page, problem);
  page.on('dialog', (dialog) => dialog.accept());
  await page.goto(job.link);
  await page.getByLabel('Name').fill('Amal Nasser');
  await page.getByLabel('Email').fill('amal@palm.example');
  await page.getByLabel('New password').fill('a lantern by the harbour');
  await page.getByRole('button', { name: 'Come in' }).click();
  await page.goto('/users');
  await page.getByRole('cell').getByRole('link', { name: 'Amal Nasser' }).click();
  await page.getByLabel('Marketer').check();
  await page.getByRole('button', { name: 'Save' }).click();
  // Other roles, another session.
  await page.getByLabel('Password').fill('a lantern by the harbour');
  await page.getByLabel('Email').fill('amal@palm.example');
  await page.getByRole('button', { name: 'Sign in' }).click();

  await page.goto('/templates/nl_d1_welcome');
  const subject = page.locator('#editor fieldset').first().getByLabel('Subject');
  await subject.fill(`${job.words} {{first_name}}`);
  await page.locator('#preview').getByText(job.words).first().waitFor();
  await editVisually(page, 'en', job.block, problem);
  await picture(page, job, 'editor-en-1280', problem);
  await page.getByRole('button', { name: 'Save draft' }).click();
  await page.getByText('The draft is saved.').waitFor();
  await editSource(page, problem);
  await picture(page, job, 'source-en-1280', problem);
  await page.setViewportSize({ width: 360, height: 800 });
  await page.goto('/templates/nl_d1_welcome?lang=ar');
  await editVisually(page, 'ar', job.arabic, problem);
  await picture(page, job, 'editor-ar-360', problem);
  await page.getByRole('button', { name: 'حفظ المسودة' }).click();
  await page.getByText('حُفظت المسودة').waitFor();
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/templates/nl_d1_welcome?lang=en');
  await agree(page, 'Approve and send from now on');
  await page.getByText('Approved. It is sent from now on.').waitFor();
  await page.getByText(/^Version .?2.? is sent$/).waitFor();

  await page.goto('/plans/new-lead/enrol');
  await page.getByLabel('Everybody').check();
  await page.getByRole('button', { name: 'Look what would follow' }).click();
  await page.getByRole('heading', { name: 'This would follow' }).waitFor();
  const counts = await page.locator('section[role=status] td.number').allInnerTexts();
  if (counts.join() !== job.counts.join()) problem(`enrolling would send ${counts.join()}`);
  await agree(page, 'Enrol');
  await page.getByRole('heading', { name: 'Enrolled' }).waitFor();
  await context.close();
}

/** Adds a heading to the page of a language, by the preview, the mouse, and the keyboard alone. */
async function editVisually(page, locale, words, problem) {
  const frame = page.frameLocator('iframe[name="template-page"]');
  const panel = page.locator(`#${locale}-page`);
  await page.locator('#shown').selectOption(locale);
  await frame.locator(`html[lang=${locale}]`).waitFor();
  // A click in the preview opens the form of what was clicked.
  await frame.locator('.ink p').first().click();
  const text = panel.locator(`[name=${locale}-set-text]`);
  await text.waitFor();
  const before = await panel.locator(`[name=${locale}-mjml]`).inputValue();
  const chosen = await panel.locator('.block[aria-current]').innerText();
  // A field goes where the cursor stands, and the preview shows it as the person will read it.
  await text.press('Control+End');
  await text.pressSequentially(' – ');
  await panel.locator(`[name=${locale}-field]`).selectOption('team_name');
  await panel.locator(`#${locale}-op-field`).click();
  if (!(await text.inputValue()).endsWith(' – {{team_name}}')) problem('the field is elsewhere');
  // With the keyboard alone: a heading is added after it, named, moved up, and the move undone.
  await panel.locator(`[name=${locale}-add]`).focus();
  await panel.locator(`[name=${locale}-add]`).selectOption('heading');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const heading = panel.locator(`input[name=${locale}-set-text]`);
  await heading.waitFor();
  await heading.fill(words);
  await frame.locator('h2', { hasText: words }).waitFor();
  const stands = (at) => page.waitForFunction(([panel, words, at]) => {
    const blocks = [...document.querySelectorAll(`${panel} .block`)];
    return blocks.findIndex((block) => block.innerText.includes(words)) === at;
  }, [`#${locale}-page`, words, at]);
  const all = await panel.locator('.block').evaluateAll(
    (blocks) => blocks.findIndex((block) => block.hasAttribute('aria-current')));
  await panel.locator(`#${locale}-op-up`).press('Enter');
  await stands(all - 1);
  // Whoever works with keys is still on the button they pressed.
  await page.waitForFunction((id) => document.activeElement?.id === id, `${locale}-op-up`);
  await panel.locator(`#${locale}-op-undo`).press('Enter');
  await stands(all);
  // Whatever else stands in the page is as it was.
  const after = await panel.locator(`[name=${locale}-mjml]`).inputValue();
  for (const line of before.split('\n').filter((line) => /mj-(include|section|column|head)/.test(line))) {
    if (!after.includes(line)) problem(`the page lost ${line}`);
  }
  if (!chosen) problem('no block was chosen');
  await frame.locator('h2', { hasText: words }).waitFor();
}

/** In the source: a field is completed, an unknown one is shown at its line, Tab leads out. */
async function editSource(page, problem) {
  await page.goto('/templates/nl_d1_welcome');
  await page.locator('#en-op-source').click();
  const source = page.locator('.source-host[data-of=en-mjml] .cm-content');
  await source.waitFor();
  if ((await source.getAttribute('aria-label')) !== 'Page (MJML)') problem('the source has no label');
  const area = page.locator('#en-mjml');
  const before = await area.inputValue();
  await source.press('Control+End');
  await source.pressSequentially('{{agent_ph');
  // By a click: a key pressed the moment the list opens is meant for the text.
  await page.locator('.cm-tooltip-autocomplete [aria-selected]', { hasText: 'agent_phone' }).click();
  if ((await area.inputValue()) !== `${before}{{agent_phone`) problem('nothing was completed');
  for (let i = 0; i < 13; i += 1) await source.press('Backspace');
  // A field that nobody knows, in the first line of the text.
  await page.evaluate(() => document.getElementById('en-mjml').goToLine(12));
  await source.press('ArrowLeft');
  await source.pressSequentially('{{frist_name}} ');
  await page.locator('.source-host[data-of=en-mjml] .cm-lintRange-error').first().waitFor();
  await page.locator('#preview a[data-line]').first().click();
  await source.press('ArrowLeft');
  for (let i = 0; i < 15; i += 1) await source.press('Delete');
  await page.locator('#preview .notice').waitFor();
  if ((await area.inputValue()) !== before) problem('the source is another');
  await source.press('Tab');
  if (await source.evaluate((own) => own.matches(':focus'))) problem('Tab is trapped in the source');
  const arabic = page.locator('.source-host[data-of=ar-text] .cm-line').first();
  const runs = await arabic.evaluate((line) => getComputedStyle(line).direction);
  if (runs !== 'rtl') problem(`Arabic runs ${runs} in the source`);
}

async function picture(page, job, name, problem) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) problem(`${name}: the page is ${wide} px wider than its window`);
  await page.screenshot({ path: `${job.pictures}/${name}.png`, fullPage: true });
}
