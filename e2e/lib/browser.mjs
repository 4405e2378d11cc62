// A new browser profile for each person.
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** One browser for a test file; `person()` gives a context of its own, whose pages must log no error. */
export async function openBrowser() {
  const browser = await chromium.launch({ executablePath, headless: true, args });
  return {
    async person(options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
      context.setDefaultTimeout(15000);
      const complaints = [];
      context.on('console', (message) => {
        if (message.type() === 'error' && /Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
      });
      context.on('weberror', (error) => complaints.push(error.error().message));
      return { context, page: await context.newPage(), complaints };
    },
    close: () => browser.close(),
  };
}

const pictures = new URL('../out/', import.meta.url).pathname;

/** Keeps a picture under e2e/out/ for the eye. */
export async function picture(page, name) {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}${name}.png`, fullPage: true });
}
