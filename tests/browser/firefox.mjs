// Opens the page in Firefox over WebDriver BiDi, presses Start, and tells again and again what the page shows, a JSON
// object a line, until its standard input ends; then it presses Stop and waits for the text.
//   node firefox.mjs <firefox> <page> <preferences as JSON> <script to run before the page's own>

import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import puppeteer from 'puppeteer-core';

const [executablePath, url, preferences, script] = process.argv.slice(2);
const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath,
  headless: true,
  extraPrefsFirefox: JSON.parse(preferences),
});
/** @type {string[]} */
const complaints = [];
const page = await browser.newPage();
page.on('console', (message) => {
  if (['error', 'warn'].includes(message.type())) complaints.push(message.text());
});
page.on('pageerror', (problem) => complaints.push(String(problem)));
await page.evaluateOnNewDocument(
  "document.addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective}`))",
);
await page.evaluateOnNewDocument(script);
await page.goto(url);
await page.waitForSelector('[data-testid=connection-state][data-state=open]');
await page.click('[data-testid=start-button]');
let ended = false;
void once(process.stdin.resume(), 'end').then(() => (ended = true));
while (!ended) {
  await tell();
  await pause(200);
}
if ((await page.$('#dock[data-active]')) !== null) {
  await page.click('[data-testid=start-button]');
  await page.waitForSelector('#dock:not([data-active])');
  await page.waitForSelector('[data-testid=card-text]');
  await tell();
}
await browser.close();

async function tell() {
  const shown = await page.evaluate(() => ({
    state: document.getElementById('dock')?.dataset.state,
    rates: /** @type {any} */ (globalThis).rates,
    notices: [...document.querySelectorAll('[data-testid=notice]')].map((notice) => notice.textContent),
    cards: [...document.querySelectorAll('[data-testid=card-text]')].map((text) => text.textContent),
  }));
  console.log(JSON.stringify({ ...shown, complaints }));
}
