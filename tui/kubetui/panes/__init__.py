"""The widgets of the explorer: tables, header, footer, drawer, dialogs. They show and post messages; no decisions."""
