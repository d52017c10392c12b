// Renders /openapi.json with Scalar. Everything that would load from or send to
// another host is off.
Scalar.createApiReference("#reference", {
  url: "/openapi.json",
  baseServerURL: window.location.origin,
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: "never",
  agent: { disabled: true },
  mcp: { disabled: true },
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  operationTitleSource: "summary",
  persistAuth: false,
});
