-- Written by drizzle-kit; WITHOUT ROWID is added by hand, so that indexes hold the key and every table is one B-tree.
CREATE TABLE `inventory_blue` (
	`product_id` text PRIMARY KEY NOT NULL,
	`on_hand` text NOT NULL,
	`reserved` text NOT NULL,
	`available` text NOT NULL,
	`version` integer NOT NULL,
	`updated_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `inventory_green` (
	`product_id` text PRIMARY KEY NOT NULL,
	`on_hand` text NOT NULL,
	`reserved` text NOT NULL,
	`available` text NOT NULL,
	`version` integer NOT NULL,
	`updated_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `order_history_blue` (
	`aggregate_type` text NOT NULL,
	`aggregate_id` text NOT NULL,
	`version` integer NOT NULL,
	`order_id` text NOT NULL,
	`event_type` text NOT NULL,
	`words` text NOT NULL,
	`recorded_at` integer NOT NULL,
	PRIMARY KEY(`aggregate_type`, `aggregate_id`, `version`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `order_history_blue_order` ON `order_history_blue` (`order_id`);--> statement-breakpoint
CREATE TABLE `order_history_green` (
	`aggregate_type` text NOT NULL,
	`aggregate_id` text NOT NULL,
	`version` integer NOT NULL,
	`order_id` text NOT NULL,
	`event_type` text NOT NULL,
	`words` text NOT NULL,
	`recorded_at` integer NOT NULL,
	PRIMARY KEY(`aggregate_type`, `aggregate_id`, `version`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `order_history_green_order` ON `order_history_green` (`order_id`);--> statement-breakpoint
CREATE TABLE `payments_blue` (
	`payment_id` text PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`customer_id` text NOT NULL,
	`status` text NOT NULL,
	`amount` text NOT NULL,
	`currency` text NOT NULL,
	`method` text NOT NULL,
	`provider` text NOT NULL,
	`authorized` text NOT NULL,
	`captured` text NOT NULL,
	`released` text NOT NULL,
	`refunded` text NOT NULL,
	`version` integer NOT NULL,
	`requested_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `payments_blue_requested` ON `payments_blue` (`requested_at`);--> statement-breakpoint
CREATE INDEX `payments_blue_order` ON `payments_blue` (`order_id`);--> statement-breakpoint
CREATE INDEX `payments_blue_status` ON `payments_blue` (`status`,`requested_at`);--> statement-breakpoint
CREATE TABLE `payments_green` (
	`payment_id` text PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`customer_id` text NOT NULL,
	`status` text NOT NULL,
	`amount` text NOT NULL,
	`currency` text NOT NULL,
	`method` text NOT NULL,
	`provider` text NOT NULL,
	`authorized` text NOT NULL,
	`captured` text NOT NULL,
	`released` text NOT NULL,
	`refunded` text NOT NULL,
	`version` integer NOT NULL,
	`requested_at` integer NOT NULL,
	`updated_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `payments_green_requested` ON `payments_green` (`requested_at`);--> statement-breakpoint
CREATE INDEX `payments_green_order` ON `payments_green` (`order_id`);--> statement-breakpoint
CREATE INDEX `payments_green_status` ON `payments_green` (`status`,`requested_at`);