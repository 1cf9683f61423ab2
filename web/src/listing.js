// What a page has of files and folders, as a list of what is to be sent.

import { UsageError } from './errors.js';

/**
 * Files as they are listed.
 *
 * @param {Iterable<File | {path: string, blob?: Blob, folder?: boolean}>} files
 * @returns {{path: string, blob?: Blob, size?: number, modified?: number, folder?: boolean}[]}
 */
export function listOf(files) {
  if (typeof files?.[Symbol.iterator] !== 'function' || typeof files === 'string') {
    throw new UsageError('which files? a list of them');
  }
  const list = Array.from(files, (file) => {
    if (file instanceof Blob) return listed(file.webkitRelativePath || file.name, file);
    if (file?.folder === true) return { path: String(file.path), folder: true };
    return listed(file?.path, file?.blob);
  });
  if (list.length === 0) throw new UsageError('which files? there is none in the list');
  return list;
}

function listed(path, blob) {
  if (!(blob instanceof Blob)) throw new UsageError('a file to send is a File, or has a path and a blob');
  if (typeof path !== 'string') throw new UsageError('a blob to send needs a path: {path, blob}');
  return { path, blob, size: blob.size, modified: blob.lastModified };
}

/**
 * What was dropped onto a page, with all that is in its folders, to be sent. To be called while the
 * event is handled: what it carries is gone afterwards.
 *
 * @param {DataTransfer} dropped
 * @returns {Promise<{path: string, blob?: File, folder?: boolean}[]>}
 */
export function filesOf(dropped) {
  const entries = Array.from(dropped.items, (item) => item.webkitGetAsEntry?.()).filter(Boolean);
  return below(entries, '', []);
}

/** Adds what these are, and what is in them, to all; one by one, since a call takes only so many. */
async function below(entries, folder, all) {
  for (const entry of entries) {
    const path = folder + entry.name;
    if (entry.isFile) {
      all.push({ path, blob: await new Promise((resolve, reject) => entry.file(resolve, reject)) });
    } else {
      all.push({ path, folder: true });
      await below(await within(entry), `${path}/`, all);
    }
  }
  return all;
}

/** What a folder holds: the browser gives some hundred at a time. */
async function within(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    for (const entry of some) all.push(entry);
  }
}
