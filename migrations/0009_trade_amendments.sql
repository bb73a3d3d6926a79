ALTER TABLE `trades_blue` ADD `status` text DEFAULT 'EXECUTED' NOT NULL;--> statement-breakpoint
ALTER TABLE `trades_blue` ADD `amended_version` integer;--> statement-breakpoint
ALTER TABLE `trades_green` ADD `status` text DEFAULT 'EXECUTED' NOT NULL;--> statement-breakpoint
ALTER TABLE `trades_green` ADD `amended_version` integer;