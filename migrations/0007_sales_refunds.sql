-- Written by drizzle-kit but for the statements that remove rows: what was refunded has rows of its own now, and the sweeper fills
-- the tables from the logs.
DELETE FROM `view_positions` WHERE `view` = 'sales';--> statement-breakpoint
UPDATE `views` SET `kept` = 0, `epoch` = `epoch` + 1 WHERE `view` = 'sales';--> statement-breakpoint
DROP TABLE `sales_blue`;--> statement-breakpoint
DROP TABLE `sales_green`;--> statement-breakpoint
CREATE TABLE `sales_blue` (
	`aggregate_type` text NOT NULL,
	`aggregate_id` text NOT NULL,
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
	PRIMARY KEY(`aggregate_type`, `aggregate_id`, `line`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `sales_blue_day` ON `sales_blue` (`day`);--> statement-breakpoint
CREATE TABLE `sales_green` (
	`aggregate_type` text NOT NULL,
	`aggregate_id` text NOT NULL,
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
	PRIMARY KEY(`aggregate_type`, `aggregate_id`, `line`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `sales_green_day` ON `sales_green` (`day`);
