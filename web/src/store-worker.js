// In a worker: writes what arrives into the folder of the page.

let folder;
/** Files that are being written, by name. */
const open = new Map();
/** What came is done in its order, although some of it takes time. */
let last = Promise.resolve();

onmessage = ({ data }) => {
  last = last.then(() => carryOut(data));
};

async function carryOut({ type, name, number, bytes, folder: given, total }) {
  const answer = { number, name, wrote: bytes?.length };
  try {
    switch (type) {
      case 'open':
        // By its name: not every browser passes folders to workers.
        folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(given);
        answer.most = await room(name, total);
        break;
      case 'begin': {
        const handle = await folder.getFileHandle(name, { create: true });
        open.set(name, { handle: await handle.createSyncAccessHandle(), at: 0 });
        break;
      }
      case 'write': {
        const file = open.get(name);
        // It could not be opened, or an earlier piece was refused: said already.
        if (!file) break;
        const wrote = file.handle.write(bytes, { at: file.at });
        // Where there is less room than there was said to be.
        if (wrote !== bytes.length) throw new DOMException('the disk is full', 'QuotaExceededError');
        file.at += wrote;
        break;
      }
      case 'finish': {
        const file = open.get(name);
        if (!file) throw new Error('the file could not be written');
        file.handle.flush();
        file.handle.close();
        open.delete(name);
        break;
      }
      case 'discard':
        await forget(name);
        break;
      case 'close':
        for (const left of [...open.keys()]) await forget(left);
        close();
        return;
    }
  } catch (error) {
    await forget(name);
    answer.error = error;
  }
  // The piece goes back to be filled again: a page that left thousands behind would keep them until
  // they are collected, and not every browser is in time with that.
  if (bytes) postMessage({ ...answer, piece: bytes.buffer }, [bytes.buffer]);
  else postMessage(answer);
}

/** How much of so many bytes fits: a file is made that long, or nearly as long as it may be. */
async function room(name, total) {
  const handle = await folder.getFileHandle(name, { create: true });
  const file = await handle.createSyncAccessHandle();
  const fits = (length) => {
    try {
      file.truncate(length);
      return true;
    } catch {
      return false;
    }
  };
  try {
    if (fits(total)) return total;
    let [least, most] = [0, total];
    // To a thousandth, for people.
    while (most - least > total / 1000) {
      const middle = Math.floor((least + most) / 2);
      if (fits(middle)) least = middle;
      else most = middle;
    }
    return least;
  } finally {
    file.close();
    await folder.removeEntry(name);
  }
}

async function forget(name) {
  open.get(name)?.handle.close();
  open.delete(name);
  if (name !== undefined) await folder?.removeEntry(name).catch(() => {});
}
