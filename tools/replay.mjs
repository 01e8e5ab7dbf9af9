// npm run replay: see --help.
import { replayMain } from "../packages/sim/dist/cli/replay.js";

const { stdout } = process;
stdout.on("error", (error) => {
  if (error.code === "EPIPE") process.exit(0); // the reader has seen enough
  throw error;
});
process.exitCode = replayMain(process.argv.slice(2), {
  print: (line) => void stdout.write(`${line}\n`),
});
