// Opens the explorer on this server. The token comes behind the # of the address, which no server is sent, or is filled in there.
const given = new URLSearchParams(location.hash.slice(1)).get('token');
const token = given ?? 'fill in the content of DIR/dev-token';

/** What stands before the first query for whoever has come without a token: it would be answered with 401 alone. */
const howToCome = `# Requests need a token: open ${location.origin}/docs/graphql#token=TOKEN,
# with the content of .folio/dev-token (of the folder that is --state) in the place of TOKEN.
`;

// Of an address that changes behind the # alone a browser loads nothing anew.
addEventListener('hashchange', () => location.reload());

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
    initialQuery: `${given === null ? howToCome : ''}{\n  accounts(first: 10) {\n    edges { node { accountId cash { available } } }\n  }\n}\n`,
  });
});
