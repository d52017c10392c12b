// Serves an OpenID Connect issuer on a free port of 127.0.0.1 and prints its URL. Any name
// and password sign in. Arguments: client id, client secret, redirect URI.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [clientId, clientSecret, redirect] = process.argv.slice(2);
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(url, {
    clients: [{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirect] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    scopes: ["openid", "email", "profile", "groups"],
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: id, groups: ["engineering"] }),
    }),
  });
  server.on("request", provider.callback());
  console.log(url);
});
process.stdin.resume().on("end", () => process.exit(0)); // ends with the test
