// Opens the explorer on this server. The token comes behind the # of the address, which no server is sent, or is filled in there.
const token =
  new URLSearchParams(location.hash.slice(1)).get('token') ?? 'fill in the content of DIR/dev-token';

addEventListener('load', () => {
  const { protocol, host, origin } = location;
  globalThis.AltairGraphQL.init({
    endpointURL: `${origin}/v1/graphql`,
    subscriptionsEndpoint: `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/v1/graphql`,
    initialSubscriptionRequestHandlerId: 'graphql-ws',
    initialSubscriptionsPayload: { Authorization: 'Bearer {{token}}' },
    initialHeaders: { Authorization: 'Bearer {{token}}' },
    initialEnvironments: { base: { title: 'Environment', variables: { token } } },
    // It would advertise services of its makers, which are out of reach from here.
    persistedSettings: { 'banners.disable': true },
    disableAccount: true,
    initialQuery: '{\n  accounts(first: 10) {\n    edges { node { accountId cash { available } } }\n  }\n}\n',
  });
});
