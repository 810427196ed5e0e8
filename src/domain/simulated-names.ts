import type { Random } from './random.ts'

/*
 * What a simulation's people and companies are called. Nobody's data: given and family names of many origins are put
 * together by chance, telephone numbers are those that Ofcom keeps for fiction, and no vehicle's registration in Great
 * Britain begins with Z.
 */

export const GIVEN_NAMES = [
  'Aaliyah',
  'Abdulrahman',
  'Adaeze',
  'Agnieszka',
  'Aiko',
  'Alejandra',
  'Amélie',
  'Anjali',
  'Asher',
  'Ayşe',
  'Bartholomew',
  'Björn',
  'Bronwen',
  'Caoimhe',
  'Chidubem',
  'Chloë',
  'Dafydd',
  'Dimitrios',
  'Eilidh',
  'Ewa',
  'Fatoumata',
  'Giulia',
  'Hamza',
  'Hyun-woo',
  'Ifeoluwa',
  'Ioana',
  'Jean-Baptiste',
  'João',
  'Kateryna',
  'Kwabena',
  'Lakshmi',
  'Leila',
  'Mateusz',
  'Mei',
  'Muhammad',
  'Nadia',
  'Niamh',
  'Oluwaseun',
  'Oisín',
  'Priyanka',
  'Quỳnh',
  'Rhiannon',
  'Samira',
  'Søren',
  'Tariq',
  'Tolulope',
  'Thomas',
  'Uchenna',
  'Vytautas',
  'Wen',
  'Xiomara',
  'Yusuf',
  'Zainab',
  'Żaneta',
] as const

export const FAMILY_NAMES = [
  'Abubakar-Whittingstall',
  'Adeyemi',
  'Al-Hashimi',
  'Ali',
  'Andriyenko',
  'Baptiste',
  'Begum',
  'Błaszczykowska',
  'Chaudhry',
  'Chukwuemeka',
  'da Conceição Albuquerque',
  'Dąbrowski',
  'de la Fuente',
  'Demir',
  'Eriksson',
  'Featherstonehaugh',
  'Fernández Villavicencio',
  'García',
  'Gutiérrez de los Santos y Montenegro',
  'Haddad',
  'Hughes',
  'Ionescu',
  'Jayawardena',
  'Kapoor',
  'Kowalczyk',
  'Li',
  'Llewellyn',
  'MacGillivray',
  'Mbeki',
  'Müller',
  'Ng',
  'Nguyễn',
  "O'Shaughnessy",
  'Okonkwo',
  'Özdemir',
  'Papadopoulos',
  'Park',
  'Patel',
  'Quispe',
  'Rahman',
  'Ramanathan-Venkataraghavan',
  'Rossi',
  'Sato',
  'Singh',
  'Smith',
  "St John-O'Malley",
  'Szczepański',
  'Taylor',
  'Traoré',
  'Umarov',
  'van der Westhuizen',
  'Wójcik',
  'Yılmaz',
  'Zhou',
] as const

/** As their bearers write them: pages have to show these too. */
export const NAMES_IN_OTHER_SCRIPTS = [
  'Ελένη Παπαδοπούλου',
  'Олена Шевченко',
  '王小明',
  'محمد الأحمد',
  'שירה לוי',
] as const

const LETTERS = 'ABCDEFGHJKLMNOPRSTUVWXY'

export function simulatedPhone(random: Random): string {
  return `+44 7700 900${String(random.below(1_000)).padStart(3, '0')}`
}

export function simulatedRegistration(random: Random): string {
  const letters = (count: number): string =>
    Array.from({ length: count }, () => LETTERS[random.below(LETTERS.length)]).join('')
  return `Z${letters(1)}${String(51 + random.below(24))} ${letters(3)}`
}

/** An address at example.com, which no mail reaches (RFC 2606). */
export function simulatedEmail(name: string, index: number): string {
  const plain = name
    .toLowerCase()
    .replace(/[łøıđ]/g, (letter) => ({ ł: 'l', ø: 'o', ı: 'i', đ: 'd' })[letter]!)
    .normalize('NFD')
    .replace(/[^a-z]+/g, (other) => (/[\s-]/.test(other) ? '.' : ''))
  const local = plain.replace(/^\.+|\.+$/g, '')
  return `${local === '' ? 'courier' : local}.${index + 1}@example.com`
}
