// Loaded into a node before it starts (`--require`): a disk that takes its time with every sync.
const fs = require("node:fs");

const delayMs = 250;
const { fdatasync, fdatasyncSync } = fs;

fs.fdatasync = (file, done) => setTimeout(() => fdatasync(file, done), delayMs);
fs.fdatasyncSync = (file) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs);
  fdatasyncSync(file);
};
