module.exports = { ...require("../../jest.preset.cjs"), displayName: "transport-http" };
