// Which browser it is, who refused the microphone, and that there are words for each.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserOf, refuserOf, secureAddress, systemOf } from '../../../fastapi_service/static/js/dock/microphone-help.js';
import { hasWords, LANGUAGES } from '../../../fastapi_service/static/js/text/strings.js';

const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';
const LINUX = 'Mozilla/5.0 (X11; Linux x86_64)';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)';
const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36';

/** @type {[string, ReturnType<typeof browserOf>, ReturnType<typeof systemOf>, number?][]} */
const BROWSERS = [
  [`${WINDOWS} ${CHROME}`, 'chromium', 'windows'],
  [`${WINDOWS} ${CHROME} Edg/150.0.0.0`, 'chromium', 'windows', 10],
  [`${MAC} ${CHROME}`, 'chromium', 'mac'],
  [`${LINUX} AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/150.0.0.0 Safari/537.36`, 'chromium', 'other'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0', 'firefox', 'other'],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:153.0) Gecko/20100101 Firefox/153.0', 'firefox', 'mac'],
  [`${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15`, 'safari', 'mac', 0],
  [`${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15`, 'ios', 'mac', 5],
  [`${IPHONE} Version/18.6 Mobile/15E148 Safari/604.1`, 'ios', 'other', 5],
  [`${IPHONE} CriOS/150.0.0.0 Mobile/15E148 Safari/604.1`, 'ios_app', 'other', 5],
  [`${IPHONE} FxiOS/150.0 Mobile/15E148 Safari/605.1.15`, 'ios_app', 'other', 5],
  [`${IPHONE} EdgiOS/150.0 Version/18.0 Mobile/15E148 Safari/604.1`, 'ios_app', 'other', 5],
  [`Mozilla/5.0 (Linux; Android 10; K) ${CHROME.replace('Safari', 'Mobile Safari')}`, 'android', 'other', 5],
  ['Mozilla/5.0 (Android 15; Mobile; rv:153.0) Gecko/153.0 Firefox/153.0', 'android', 'other', 5],
  [`Mozilla/5.0 (Linux; Android 10; K) ${CHROME} SamsungBrowser/29.0`, 'android', 'other', 5],
  ['Mozilla/5.0 (PlayStation 5) Gecko', 'other', 'other'],
  ['', 'other', 'other'],
];

for (const [userAgent, browser, system, maxTouchPoints] of BROWSERS) {
  test(`${browser} on ${system}: ${userAgent.slice(12, 40)}… ${userAgent.slice(-24)}`, () => {
    assert.equal(browserOf(maxTouchPoints === undefined ? { userAgent } : { userAgent, maxTouchPoints }), browser);
    assert.equal(systemOf({ userAgent }), system);
    assert.ok(hasWords(`allow.${browser}`));
    assert.ok(hasWords(`system.${system}`));
  });
}

test('every way to allow it is some steps, as many in each language', () => {
  for (const [key, english] of Object.entries(LANGUAGES.en)) {
    if (!/^(allow|system)\./.test(key)) continue;
    const steps = english.split('\n');
    assert.ok(steps.length >= 3, key);
    for (const strings of Object.values(LANGUAGES)) {
      const theirs = strings[/** @type {import('../../../fastapi_service/static/js/text/strings.js').StringKey} */ (key)].split('\n');
      assert.equal(theirs.length, steps.length, key);
      assert.ok(theirs.every((step) => step === step.trim() && step !== ''), key);
    }
  }
});

test('who refused: the policy, the system, the question that was closed, or the setting', () => {
  const denied = new Error('Permission denied');
  assert.equal(refuserOf(denied, 'denied', true), 'blocked');
  assert.equal(refuserOf(denied, null, true), 'blocked', 'where the browser does not tell');
  assert.equal(refuserOf(new Error('Permission dismissed'), 'prompt', true), 'dismissed');
  assert.equal(refuserOf(new Error('Permission denied by system'), 'granted', true), 'system');
  assert.equal(refuserOf(denied, 'denied', false), 'policy');
});

test('the secure address is the same page at the usual port', () => {
  assert.equal(secureAddress({ hostname: '192.168.1.7', pathname: '/' }), 'https://192.168.1.7/');
  assert.equal(secureAddress({ hostname: '[fd00::7]', pathname: '/live/' }), 'https://[fd00::7]/live/');
});
