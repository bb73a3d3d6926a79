-- Written by drizzle-kit; WITHOUT ROWID is added by hand, so that indexes hold the key and every table is one B-tree.
CREATE TABLE `orders_blue` (
	`order_id` text PRIMARY KEY NOT NULL,
	`customer_id` text NOT NULL,
	`status` text NOT NULL,
	`currency` text NOT NULL,
	`total` text NOT NULL,
	`lines` integer NOT NULL,
	`units` text NOT NULL,
	`country` text,
	`reason` text,
	`version` integer NOT NULL,
	`placed_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `orders_blue_placed` ON `orders_blue` (`placed_at`);--> statement-breakpoint
CREATE INDEX `orders_blue_customer` ON `orders_blue` (`customer_id`,`placed_at`);--> statement-breakpoint
CREATE INDEX `orders_blue_status` ON `orders_blue` (`status`,`placed_at`);--> statement-breakpoint
CREATE TABLE `orders_green` (
	`order_id` text PRIMARY KEY NOT NULL,
	`customer_id` text NOT NULL,
	`status` text NOT NULL,
	`currency` text NOT NULL,
	`total` text NOT NULL,
	`lines` integer NOT NULL,
	`units` text NOT NULL,
	`country` text,
	`reason` text,
	`version` integer NOT NULL,
	`placed_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `orders_green_placed` ON `orders_green` (`placed_at`);--> statement-breakpoint
CREATE INDEX `orders_green_customer` ON `orders_green` (`customer_id`,`placed_at`);--> statement-breakpoint
CREATE INDEX `orders_green_status` ON `orders_green` (`status`,`placed_at`);--> statement-breakpoint
CREATE TABLE `sales_blue` (
	`order_id` text NOT NULL,
	`line` integer NOT NULL,
	`day` text NOT NULL,
	`product_id` text NOT NULL,
	`country` text NOT NULL,
	`currency` text NOT NULL,
	`is_sold` integer NOT NULL,
	`is_first` integer NOT NULL,
	`is_first_of_product` integer NOT NULL,
	`units_high` integer NOT NULL,
	`units_middle` integer NOT NULL,
	`units_low` integer NOT NULL,
	`amount_high` integer NOT NULL,
	`amount_middle` integer NOT NULL,
	`amount_low` integer NOT NULL,
	PRIMARY KEY(`order_id`, `line`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `sales_blue_day` ON `sales_blue` (`day`);--> statement-breakpoint
CREATE TABLE `sales_green` (
	`order_id` text NOT NULL,
	`line` integer NOT NULL,
	`day` text NOT NULL,
	`product_id` text NOT NULL,
	`country` text NOT NULL,
	`currency` text NOT NULL,
	`is_sold` integer NOT NULL,
	`is_first` integer NOT NULL,
	`is_first_of_product` integer NOT NULL,
	`units_high` integer NOT NULL,
	`units_middle` integer NOT NULL,
	`units_low` integer NOT NULL,
	`amount_high` integer NOT NULL,
	`amount_middle` integer NOT NULL,
	`amount_low` integer NOT NULL,
	PRIMARY KEY(`order_id`, `line`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `sales_green_day` ON `sales_green` (`day`);