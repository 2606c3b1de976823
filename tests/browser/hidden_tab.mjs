// Records in a tab that gets another one in front of it, until a line comes on standard input; then prints what the page
// was. Playwright keeps every page visible, so this is Puppeteer: node hidden_tab.mjs <browser> <wav> <page>

import { once } from 'node:events';
import puppeteer from 'puppeteer-core';

const [executablePath, wav, page] = process.argv.slice(2);
const browser = await puppeteer.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-background-networking',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${wav}%noloop`,
  ],
  ignoreDefaultArgs: [
    '--disable-backgrounding-occluded-windows',
    '--disable-renderer-backgrounding',
    '--disable-background-timer-throttling',
  ],
});
const tab = await browser.newPage();
await tab.goto(page);
await tab.waitForSelector('#connection[data-state=open]');
await tab.click('#start');
await tab.waitForSelector('#dock:is([data-state=listening], [data-state=speaking])');
const front = await browser.newPage();
await front.bringToFront();
await tab.waitForFunction(() => document.hidden, { polling: 50 });
await once(process.stdin, 'data');
process.stdin.destroy();
const behind = await tab.evaluate(() => document.hidden);
await tab.bringToFront();
await tab.waitForFunction(() => !document.hidden, { polling: 50 });
const state = await tab.$eval('#dock', (dock) => dock.getAttribute('data-state'));
console.log(JSON.stringify({ behind, state }));
await browser.close();
