/** Lets `npx jest` at the root run every project at once. */
module.exports = { projects: ["<rootDir>/packages/*", "<rootDir>/apps/*"] };
