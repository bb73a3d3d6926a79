/** The saga of the guide is what the guide shows, short enough for it, and right on a network that may do anything. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type InventoryState, inventoryDecider } from '../../actors/inventory/decider.ts';
import { sagaDefinitions } from '../../actors/saga/definitions/definition.ts';
import { seededRandom } from '../../demo/random.ts';
import { type AssemblyInput, assembly } from '../../docs/examples/assembly.ts';
import { diagram } from '../../docs/generator/sagaDiagrams.ts';
import { SagaStatus, StepStatus } from '../../schemas/saga.ts';
import { ModelActor } from '../support/modelActor.ts';
import { SagaSchedule } from '../support/sagaSchedule.ts';

const DOCS = join(import.meta.dirname, '../../docs');

/** Lines of a saga that fits on a page. */
const LINES_MAX = 60;

it('the guide shows it as it is, in less than a page', () => {
  const source = readFileSync(join(DOCS, 'examples/assembly.ts'), 'utf8');
  expect(readFileSync(join(DOCS, 'sagas.md'), 'utf8')).toContain(`\`\`\`ts\n${source}\`\`\`\n`);
  expect(source.trimEnd().split('\n').length).toBeLessThan(LINES_MAX);
});

it('the guide says what each status of a saga and of a step means', () => {
  const rows = readFileSync(join(DOCS, 'sagas.md'), 'utf8').match(/^\| `[A-Z].*/gm) ?? [];
  const told = rows.flatMap((row) => row.split('|')[1]?.match(/\b[A-Z_]+\b/g) ?? []);
  expect(told.toSorted()).toEqual([...SagaStatus.options, ...StepStatus.options].toSorted());
});

it('its diagram goes forward, back in reverse, and to an operator past the point of no return', () => {
  expect(diagram(assembly).split('\n')).toEqual([
    '```mermaid',
    'stateDiagram-v2',
    '  state "reserve-part (each)" as do1',
    '  state "use-part (each)" as do2',
    '  state "receive-sets" as do3',
    '  [*] --> do1',
    '  do1 --> do2: done',
    '  do1 --> undo1: cannot be done',
    '  do2 --> do3: done',
    '  do2 --> undo1: cannot be done',
    '  do2 --> PARKED: may have been done',
    '  do3 --> COMPLETED: done',
    '  do3 --> PARKED: cannot be done',
    '  COMPLETED --> [*]',
    '  state "undo reserve-part (each)" as undo1',
    '  undo1 --> COMPENSATED: undone',
    '  undo1 --> PARKED: cannot be undone',
    '  COMPENSATED --> [*]',
    '```',
  ]);
});

/** Units on hand of each product before the saga. */
const STOCK = { wheel: 8, frame: 2, bell: 1, bike: 0 };
type Product = keyof typeof STOCK;

function stocked(): Record<Product, ModelActor<InventoryState>> {
  const entries = Object.entries(STOCK).map(([product, units]) => {
    const stock = new ModelActor<InventoryState>(inventoryDecider);
    const data = { quantity: String(units) };
    if (units > 0) stock.execute('opening', { type: 'ReceiveStock', data }, 0);
    return [product, stock];
  });
  return Object.fromEntries(entries);
}

it('puts all the sets together or leaves every part, whatever the network does', () => {
  const endings: Record<string, number> = {};
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const stock = stocked();
    const often = () => (random.chance(0.3) ? 0 : random.integer(40) / 100);
    const schedule = new SagaSchedule(
      random,
      { lost: often(), unanswered: often(), repeated: often(), crashes: often(), timePasses: often() },
      sagaDefinitions([assembly]),
      new Map(Object.entries(stock).map(([product, actor]) => [`inventory ${product}`, actor])),
      () => undefined,
    );
    const bells = random.integer(3);
    const parts = [
      { productId: 'wheel', units: '4' },
      { productId: 'frame', units: '2' },
      ...(bells === 0 ? [] : [{ productId: 'bell', units: String(bells) }]),
    ];
    const input: AssemblyInput = { assemblyId: 'a-1', setId: 'bike', sets: '2', parts };
    schedule.start('assembly-a-1', 'assembly', input);
    for (let step = 0; step < 40; step++) schedule.step();
    schedule.calm();
    for (let step = 0; !schedule.isOver || schedule.saga.state.status === 'PARKED'; step++) {
      expect(step, `seed ${seed} comes to rest`).toBeLessThan(1_000);
      if (schedule.isOver) schedule.tell(`retry ${step}`, { type: 'RetrySaga', data: { reason: 'again' } });
      schedule.step();
    }
    const { status } = schedule.saga.state;
    endings[status] = (endings[status] ?? 0) + 1;
    const left = Object.values(stock).map(({ state }) => [state.onHand, state.reserved]);
    const right = status === 'COMPLETED' ? { wheel: 4, frame: 0, bell: 1 - bells, bike: 2 } : STOCK;
    expect(left, `seed ${seed}`).toEqual(Object.values(right).map((units) => [String(units), '0']));
  }
  // Two bells are more than there are.
  expect(Object.keys(endings).sort()).toEqual(['COMPENSATED', 'COMPLETED']);
});
