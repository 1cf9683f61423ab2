// How much is taken in at once, so that no file makes the browser give up the page.

/** The longest sound, in seconds: half an hour is 350 MB of samples. */
export const LONGEST_S = 30 * 60;

/** The largest sound file, in bytes. */
export const LARGEST = 64e6;

/** The longest message, in bytes: the modem's. */
export const LONGEST_MESSAGE = 65_536;
