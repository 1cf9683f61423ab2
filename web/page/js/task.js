// One piece of work in a worker of its own, which can be stopped.

/**
 * @param {object} task what the worker is told
 * @param {{onProgress?: (share: number) => void, signal?: AbortSignal, hand?: Transferable[]}} options
 * @returns {Promise<object>} what it answers
 */
export function inWorker(task, { onProgress, signal, hand = [] } = {}) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    const end = (settle, value) => {
      worker.terminate();
      signal?.removeEventListener('abort', stop);
      settle(value);
    };
    const stop = () => end(reject, signal.reason);
    worker.onerror = (event) => {
      event.preventDefault();
      end(reject, new Error(event.message ? `the work failed: ${event.message}` : 'the work could not be begun: reload the page'));
    };
    worker.onmessage = ({ data }) => {
      if (data.type === 'progress') onProgress?.(data.share);
      else if (data.type === 'done') end(resolve, data);
      else end(reject, Object.assign(new Error(data.message), { name: data.name }));
    };
    if (signal?.aborted) return stop();
    signal?.addEventListener('abort', stop, { once: true });
    worker.postMessage(task, hand);
  });
}
