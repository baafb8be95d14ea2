// Asks slotway for documents. Where the admin port wants a token, the browser has asked for it.
const PATIENCE_MS = 4000;

export async function ask(path) {
  // A page that was opened with a password in its address must not ask with it.
  const address = new URL(path, location.origin);
  const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) {
    throw new Error(`${path}: ${answer.status}`);
  }
  return answer.json();
}

// Like ask(), null when there is no answer: for what the page can do without for a while.
export async function askInPassing(path) {
  try {
    return await ask(path);
  } catch (error) {
    return null;
  }
}

// Calls `work` again and again, `ms` after its last end, while nobody has said hold and the page is
// seen.
export function repeat(ms, work, isHeld) {
  const turn = async () => {
    if (!isHeld() && !document.hidden) {
      await work();
    }
    setTimeout(turn, ms);
  };
  turn();
}
