/** Lets everything else that is due have its turn. */
export function pause(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
