/** Every deliberate bug. */
import { AMENDMENT_MUTANTS } from './amendmentMutants.ts';
import { DELIVERY_MUTANTS } from './deliveryMutants.ts';
import { ERA_MUTANTS } from './eraMutants.ts';
import { KERNEL_MUTANTS } from './kernelMutants.ts';
import type { Mutant } from './mutant.ts';
import { ORDER_SAGA_MUTANTS } from './orderSagaMutants.ts';
import { PERSONAL_MUTANTS } from './personalMutants.ts';
import { REBUILD_MUTANTS } from './rebuildMutants.ts';
import { SAGA_MUTANTS } from './sagaMutants.ts';
import { SHOP_MUTANTS } from './shopMutants.ts';
import { SUBJECT_MUTANTS } from './subjectMutants.ts';
import { VIEW_MUTANTS } from './viewMutants.ts';

export const MUTANTS: readonly Mutant[] = [
  ...KERNEL_MUTANTS,
  ...DELIVERY_MUTANTS,
  ...VIEW_MUTANTS,
  ...REBUILD_MUTANTS,
  ...SAGA_MUTANTS,
  ...AMENDMENT_MUTANTS,
  ...ORDER_SAGA_MUTANTS,
  ...SHOP_MUTANTS,
  ...SUBJECT_MUTANTS,
  ...PERSONAL_MUTANTS,
  ...ERA_MUTANTS,
];
