/**
 * What a subscription follows is said by its root field, and not by a condition (GraphQL, 5.2.3.1, as it is drafted): with one the
 * engine's own rule ends in an error of its own, and one whose field is skipped follows nothing.
 */
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** Directives that leave a field out. */
const CONDITIONS: ReadonlySet<string> = new Set(['skip', 'include']);

/** What is wrong with the root of a subscription; undefined where nothing is, or the operation is none. */
export function conditionalRoot(
  document: DocumentNode,
  { operation, selectionSet }: OperationDefinitionNode,
): GraphQLError | undefined {
  if (operation !== 'subscription') return undefined;
  const fragments = new Map(
    document.definitions
      .filter(
        (definition): definition is FragmentDefinitionNode => definition.kind === Kind.FRAGMENT_DEFINITION,
      )
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const nodes = conditioned(selectionSet, fragments, new Set());
  if (nodes.length === 0) return undefined;
  return new GraphQLError('The field that a subscription follows takes neither @skip nor @include.', {
    nodes,
  });
}

/** Selections of a root, also in its fragments, that have a condition. */
function conditioned(
  { selections }: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  seen: Set<string>,
): SelectionNode[] {
  return selections.flatMap((selection) => {
    const isConditioned = selection.directives?.some(({ name }) => CONDITIONS.has(name.value)) === true;
    const own = isConditioned ? [selection] : [];
    if (selection.kind === Kind.FIELD) return own;
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      return [...own, ...conditioned(selection.selectionSet, fragments, seen)];
    }
    const name = selection.name.value;
    const fragment = seen.has(name) ? undefined : fragments.get(name);
    seen.add(name);
    return fragment === undefined ? own : [...own, ...conditioned(fragment.selectionSet, fragments, seen)];
  });
}
