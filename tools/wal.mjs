// npm run wal -- data/n1: prints the log of a server, verifies it, cuts a torn tail. Build first.
// The tool itself lives in packages/storage-file/src/tool.
import { runWalTool } from "../packages/storage-file/dist/index.js";

process.exitCode = await runWalTool(process.argv.slice(2), {
  out: (line) => console.log(line),
  error: (line) => console.error(line),
});
