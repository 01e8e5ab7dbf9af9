// npm run wal -- data/node-8080: prints the log of a stopped server, verifies it, cuts a torn tail.
// Build first. The tool itself lives in packages/storage-file/src/tool.
import { runLogTool } from "../apps/node/dist/offline.js";

process.exitCode = await runLogTool(process.argv.slice(2), {
  out: (line) => console.log(line),
  error: (line) => console.error(line),
});
