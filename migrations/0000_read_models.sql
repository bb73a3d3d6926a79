-- Written by drizzle-kit; WITHOUT ROWID is added by hand to the tables with a composite key (one B-tree instead of two).
CREATE TABLE `accounts_blue` (
	`account_id` text PRIMARY KEY NOT NULL,
	`customer_id` text NOT NULL,
	`account_type` text NOT NULL,
	`currency` text NOT NULL,
	`status` text NOT NULL,
	`cash` text NOT NULL,
	`fees` text NOT NULL,
	`limits` text NOT NULL,
	`version` integer NOT NULL,
	`opened_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `accounts_green` (
	`account_id` text PRIMARY KEY NOT NULL,
	`customer_id` text NOT NULL,
	`account_type` text NOT NULL,
	`currency` text NOT NULL,
	`status` text NOT NULL,
	`cash` text NOT NULL,
	`fees` text NOT NULL,
	`limits` text NOT NULL,
	`version` integer NOT NULL,
	`opened_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `journal_blue` (
	`position` integer PRIMARY KEY NOT NULL,
	`aggregate_type` text NOT NULL,
	`aggregate_id` text NOT NULL,
	`version` integer NOT NULL,
	`event_type` text NOT NULL,
	`schema_version` integer NOT NULL,
	`recorded_at` integer NOT NULL,
	`data` text NOT NULL,
	`metadata` text NOT NULL,
	`hash` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `journal_blue_aggregate` ON `journal_blue` (`aggregate_type`,`aggregate_id`,`version`);--> statement-breakpoint
CREATE TABLE `journal_green` (
	`position` integer PRIMARY KEY NOT NULL,
	`aggregate_type` text NOT NULL,
	`aggregate_id` text NOT NULL,
	`version` integer NOT NULL,
	`event_type` text NOT NULL,
	`schema_version` integer NOT NULL,
	`recorded_at` integer NOT NULL,
	`data` text NOT NULL,
	`metadata` text NOT NULL,
	`hash` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `journal_green_aggregate` ON `journal_green` (`aggregate_type`,`aggregate_id`,`version`);--> statement-breakpoint
CREATE TABLE `position_guard` (
	`holds` integer NOT NULL,
	CONSTRAINT "position_race" CHECK("position_guard"."holds" = 1)
);
--> statement-breakpoint
CREATE TABLE `positions_blue` (
	`account_id` text NOT NULL,
	`symbol` text NOT NULL,
	`quantity` text NOT NULL,
	`average_cost` text NOT NULL,
	`cost_basis` text NOT NULL,
	`realized_pnl` text NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`account_id`, `symbol`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `positions_green` (
	`account_id` text NOT NULL,
	`symbol` text NOT NULL,
	`quantity` text NOT NULL,
	`average_cost` text NOT NULL,
	`cost_basis` text NOT NULL,
	`realized_pnl` text NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`account_id`, `symbol`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `trades_blue` (
	`account_id` text NOT NULL,
	`version` integer NOT NULL,
	`trade_id` text NOT NULL,
	`symbol` text NOT NULL,
	`side` text NOT NULL,
	`quantity` text NOT NULL,
	`price` text NOT NULL,
	`notional` text NOT NULL,
	`fee` text NOT NULL,
	`realized_pnl` text NOT NULL,
	`executed_at` integer NOT NULL,
	`recorded_at` integer NOT NULL,
	PRIMARY KEY(`account_id`, `version`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `trades_blue_symbol` ON `trades_blue` (`account_id`,`symbol`,`version`);--> statement-breakpoint
CREATE TABLE `trades_green` (
	`account_id` text NOT NULL,
	`version` integer NOT NULL,
	`trade_id` text NOT NULL,
	`symbol` text NOT NULL,
	`side` text NOT NULL,
	`quantity` text NOT NULL,
	`price` text NOT NULL,
	`notional` text NOT NULL,
	`fee` text NOT NULL,
	`realized_pnl` text NOT NULL,
	`executed_at` integer NOT NULL,
	`recorded_at` integer NOT NULL,
	PRIMARY KEY(`account_id`, `version`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `trades_green_symbol` ON `trades_green` (`account_id`,`symbol`,`version`);--> statement-breakpoint
CREATE TABLE `view_positions` (
	`view` text NOT NULL,
	`colour` text NOT NULL,
	`aggregate_type` text NOT NULL,
	`aggregate_id` text NOT NULL,
	`version` integer NOT NULL,
	`previous` integer NOT NULL,
	`claim` text NOT NULL,
	`parked_version` integer,
	`parked_reason` text,
	`parked_at` integer,
	PRIMARY KEY(`view`, `colour`, `aggregate_type`, `aggregate_id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `views` (
	`view` text PRIMARY KEY NOT NULL,
	`live` text NOT NULL,
	`building` integer NOT NULL
);
