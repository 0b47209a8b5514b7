/** Text of services, as a terminal may show it: with their colours, and without whatever else a terminal would obey. */

// Sequences (CSI, OSC, DCS and their like, single ones), and then every other control character but the tab.
const controls =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what this is about
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]|(?!\t)\p{Cc}/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same
const colour = /^\x1b\[[0-9;:]*m$/;
const reset = '\x1b[0m';

/** Sequences that are no colours are left out; a control character that stands alone is shown as `\x07`. */
export function shownText(text: string, { colours }: { colours: boolean }): string {
  let coloured = false;
  const shown = text.replace(controls, (found) => {
    if (found.length === 1) return `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`;
    if (!colours || !colour.test(found)) return '';
    coloured = true;
    return found;
  });
  return coloured ? shown + reset : shown;
}
