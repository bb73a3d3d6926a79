// Shows /asyncapi.json.
globalThis.AsyncApiStandalone.render(
  {
    schema: { url: '/asyncapi.json' },
    config: { sidebar: { showOperations: 'byDefault' } },
  },
  document.querySelector('#viewer'),
);
