// How far the server is with the weights that it fetches, in words. Loaded when there are any.

import { words } from '../text/strings.js';

const MEGABYTE = 1_000_000;

/**
 * What /readyz tells of downloads, in words; nothing of what is none.
 * @param {readonly any[]} downloads
 */
export function progressOf(downloads) {
  return downloads.map(oneOf).filter(Boolean).join(' ');
}

/**
 * `total_bytes` is 0 where the server does not know it.
 * @param {any} download
 */
function oneOf(download) {
  const { part, done_bytes: done, total_bytes: total } = download ?? {};
  if ((part !== 'speech' && part !== 'sentiment') || !Number.isFinite(done) || !Number.isFinite(total)) return '';
  const megabytes = { done: Math.floor(done / MEGABYTE), total: total > 0 ? Math.floor(total / MEGABYTE) : '?' };
  return words(part === 'speech' ? 'notice.download.speech' : 'notice.download.sentiment', megabytes);
}
