// What users of each package can see, as text: docs/api/<package>.api.md, made by API Extractor from
// the built declarations. A change of the public API shows there as a diff in the same commit.
//
//   npm run api              writes the reports
//   npm run api -- --check   fails when one is not what it should be, and shows the difference
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { publicPackages, root } from "./packages.mjs";

const checking = process.argv.includes("--check");
const reports = join(root, "docs/api");

/** How the declarations are read: as a strict project with Node's types reads them. */
const compilerOptions = {
  ...{ module: "nodenext", moduleResolution: "nodenext", target: "es2022", lib: ["es2023"] },
  ...{ strict: true, skipLibCheck: true, types: ["node"] },
  typeRoots: [join(root, "node_modules/@types")],
};

function report({ dir, manifest }, { types }, fileName, folder) {
  const off = { default: { logLevel: "none" } };
  const config = ExtractorConfig.prepare({
    configObjectFullPath: join(dir, "api-extractor.json"), // only says where paths begin
    packageJsonFullPath: join(dir, "package.json"),
    packageJson: manifest,
    configObject: {
      projectFolder: dir,
      mainEntryPointFilePath: types,
      newlineKind: "lf",
      compiler: { overrideTsconfig: { compilerOptions, files: [types] } },
      apiReport: {
        enabled: true,
        reportFileName: fileName,
        reportFolder: folder,
        reportTempFolder: join(folder, "temp"),
        includeForgottenExports: true, // what an exported type is made of can break users as well
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: "error" } },
        extractorMessageReporting: off,
        tsdocMessageReporting: off,
      },
    },
  });
  const messageCallback = (message) => {
    // That a report is new in an empty folder is no news.
    if (message.messageId.startsWith("console-")) message.handled = true;
  };
  const { errorCount } = Extractor.invoke(config, { localBuild: true, messageCallback });
  if (errorCount > 0)
    throw new Error(`no report of ${manifest.name}: its declarations are in error`);
}

function compare(made) {
  const diff = ["diff", "--no-index", "--no-color", "--", reports, made];
  const { status, stdout } = spawnSync("git", diff, { encoding: "utf8" });
  if (status === 0) return;
  console.error(stdout);
  console.error(
    "The public API is not what docs/api says. If that is meant: npm run api, and commit.",
  );
  process.exitCode = 1;
}

const made = mkdtempSync(join(tmpdir(), "counter-api-"));
try {
  for (const one of publicPackages()) {
    for (const point of one.entries) {
      const suffix = point.entry.slice(1).replaceAll("/", "-");
      report(one, point, `${one.name}${suffix}.api.md`, made);
    }
  }
  rmSync(join(made, "temp"), { recursive: true, force: true });
  if (checking) {
    compare(made);
  } else {
    for (const name of readdirSync(reports)) rmSync(join(reports, name));
    for (const name of readdirSync(made)) {
      writeFileSync(join(reports, name), readFileSync(join(made, name)));
    }
  }
  console.log(
    `${readdirSync(made).length} reports of public API`,
    checking ? "checked" : "written",
  );
} finally {
  rmSync(made, { recursive: true, force: true });
}
