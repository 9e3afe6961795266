// A real identity provider (oidc-provider), certified for OpenID Connect, with one account for whatever
// name is typed in. It prints its issuer and runs until it is stopped.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'console',
      client_secret: 'a secret: with signs',
      // The port of a loopback address is left open for native clients (RFC 8252 §7.3).
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/sign-in/back'],
    }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@palm.example`, email_verified: true, name: 'Dina Farouk' }),
    }),
    cookies: { keys: ['for this test alone'] },
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
